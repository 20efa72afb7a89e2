import { defineNode } from '../../engine/contract/node.ts'
import type { Instances } from '../values/instances.ts'
import { joinInstances } from '../values/select-instances.ts'
import { unitedFacets, unitedLabelMaps } from '../values/united-classes.ts'

interface Inputs {
  readonly instances: readonly (Instances | undefined)[]
}

export const instancesConcat = defineNode<Record<string, never>, Inputs>({
  name: 'instances/concat',
  version: 1,
  description:
    'Puts the instances of several sources of one image one after the other, nothing suppressed. Class lists are united by class id (in order of first appearance) and labels re-indexed; positions in the lists never matter.',
  mode: 'item',
  lane: 'cpu',
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'ordered',
      mixedFacets: true,
      description: 'The sources, in the order of the result. A source without this image adds nothing.',
    },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'All instances, first source first.' } },
  example: `
all:
  uses: instances/concat
  in: { instances: [leaf.instances, parents.instances] }
`,
  types: (_params, context) => ({ instances: unitedFacets(context, 'instances') }),
  run: ({ instances }, _params, context) => {
    const labelMaps = unitedLabelMaps(context, 'instances')
    const sources = instances.map((part, index) => ({ part, map: labelMaps[index]! }))
    const present = sources.filter(
      (source): source is { part: Instances; map: Int32Array } => source.part !== undefined,
    )
    return {
      instances: joinInstances(
        present.map(({ part }) => part),
        present.map(({ map }) => map),
      ),
    }
  },
})
