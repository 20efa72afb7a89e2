import { TaskError } from '../../engine/base/diagnostic.ts'
import type { CheckContext, ParamSchema, RunContext } from '../../engine/contract/node.ts'
import { type MapType, mapPlanes, mapsInFacets, type Semantic } from '../values/semantic.ts'

/** Which map of a semantic value a node is about. */
export const MAP_SCHEMA: ParamSchema = {
  type: 'string',
  examples: ['bce', 'dice'],
  description: 'Name of the map. Default: the only one.',
}

/** The map that is meant, while the pipeline is checked; a wrong or missing name is reported. */
export function checkMap(name: string | undefined, port: string, context: CheckContext): MapType | undefined {
  const types = mapsInFacets(context.inputs[port]?.[0])
  if (types === undefined) return undefined
  const known = types.map(type => type.name).join(', ')
  const found = name === undefined && types.length === 1 ? types[0] : types.find(type => type.name === name)
  if (found === undefined)
    context.problem({
      param: 'map',
      message: name === undefined ? `there are several maps: ${known}` : `there is no map ${name}`,
      fix: name === undefined ? `say which is meant: map: ${types[0]?.name}` : `the maps are ${known}`,
    })
  return found
}

/** The map that is meant, its classes and its planes, while a node runs. */
export function chosenMap(value: Semantic, name: string | undefined, port: string, context: RunContext) {
  const types = mapsInFacets(context.inputTypes[port]?.[0]) ?? []
  const type = name === undefined ? types[0] : types.find(one => one.name === name)
  const map = type && value.maps[type.name]
  if (type === undefined || map === undefined) {
    const message = `there is no map ${name ?? type?.name ?? ''}; there are ${Object.keys(value.maps).join(', ')}`
    throw new TaskError({ code: 'bad-value', message })
  }
  return { classes: type.classes, sizeHw: map.sizeHw, planes: mapPlanes(map) }
}
