/** Size of the maps that a node gives. */
export type MapSize = 'own' | 'frame' | readonly [number, number]

/** JSON Schema of a `MapSize`, without description. */
export const MAP_SIZE_SCHEMA = {
  anyOf: [
    { enum: ['own', 'frame'] },
    { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 2, maxItems: 2 },
  ],
  default: 'own',
} as const

export const PRECISION_SCHEMA = {
  enum: ['f32', 'u8'],
  default: 'f32',
  description: 'How probabilities are kept: f32, or u8: 255ths, rounded down, a quarter of the bytes.',
} as const

/** [height, width] that is meant. */
export function mapSizeHw(
  size: MapSize,
  ownHw: readonly [number, number],
  frameHw: readonly [number, number],
): readonly [number, number] {
  if (size === 'own') return ownHw
  return size === 'frame' ? frameHw : size
}
