export { registry as fakeRegistry } from '../fixtures/fake-nodes.mjs'
