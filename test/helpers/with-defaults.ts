import type { NodeDefinition } from '../../engine/contract/node.ts'

/** Parameters as the engine gives them: defaults filled in; what the node does not have is left out. */
export function withDefaults({ params }: NodeDefinition, given: object): object {
  const entries = Object.entries(params.properties).flatMap(([name, schema]): [string, unknown][] => {
    if (name in given) return [[name, given[name as never]]]
    return 'default' in schema && !('x-weights-of' in schema) ? [[name, schema['default']]] : []
  })
  return Object.fromEntries(entries)
}
