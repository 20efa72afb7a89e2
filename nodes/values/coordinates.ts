import type { ParamSchema } from '../../engine/contract/node.ts'

/** Where a folded value stands: axis → id. */
export type Coordinates = { readonly [axis: string]: string }

/** Filled in by the engine: the coordinates of each value at a folded port. */
export function coordinatesOfPort(port: string): ParamSchema {
  return {
    type: 'array',
    items: { type: 'object', additionalProperties: { type: 'string' } },
    'x-coordinates-of': port,
    description: 'Filled in: where each value stands.',
  }
}

/** What each is called: its id where there is one axis, else `model=L1 scale=272`. */
export function coordinateNames(coordinates: readonly Coordinates[]): readonly string[] {
  return coordinates.map(ids => {
    const entries = Object.entries(ids)
    return entries.length === 1 ? entries[0]![1] : entries.map(([axis, id]) => `${axis}=${id}`).join(' ')
  })
}
