export { registry as fakeRegistry } from '../fixtures/fake-nodes.mjs'
export { registry as heavyRegistry } from '../fixtures/heavy-nodes.mjs'
