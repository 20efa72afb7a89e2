import { torchResizedHw } from '../kernels/resize-torch.ts'
import type { SemanticModel } from './semantic-model.ts'

/** How large a picture is shown to a semantic model. */
export type SemanticScale =
  | number
  | 'model'
  | 'native'
  | { readonly square: number; readonly how?: 'stretch' }
  | { readonly stretch: readonly [number, number] }

/** JSON Schema of a `SemanticScale`. */
export const SEMANTIC_SCALE_SCHEMA = {
  anyOf: [
    { type: 'integer', minimum: 1 },
    { enum: ['model', 'native'] },
    {
      type: 'object',
      additionalProperties: false,
      required: ['square'],
      properties: {
        square: { type: 'integer', minimum: 1, description: 'Both sides in pixels.' },
        how: { enum: ['stretch'], description: 'Whatever the aspect: the only way here, and the default.' },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['stretch'],
      properties: {
        stretch: {
          type: 'array',
          items: { type: 'integer', minimum: 1 },
          minItems: 2,
          maxItems: 2,
          description: 'Height and width, whatever the aspect.',
        },
      },
    },
  ],
} as const

/** [height, width] that every picture gets, or undefined when it depends on the picture. */
export function fixedViewHw(
  { sizeHw }: Pick<SemanticModel, 'sizeHw'>,
  scale: SemanticScale,
): readonly [number, number] | undefined {
  if (scale === 'model') return sizeHw
  if (typeof scale !== 'object') return undefined
  return 'square' in scale ? [scale.square, scale.square] : scale.stretch
}

/**
 * [height, width] of a view before padding, of a picture of `frameHw` as it is shown (after a transposition). A number is
 * the shorter side, the aspect kept and sides rounded down.
 */
export function semanticViewHw(
  { sizeHw }: Pick<SemanticModel, 'sizeHw'>,
  scale: SemanticScale,
  frameHw: readonly [number, number],
): readonly [number, number] {
  if (scale === 'model') return sizeHw ?? frameHw
  if (scale === 'native') return frameHw
  if (typeof scale === 'number') return torchResizedHw(frameHw, scale, Number.POSITIVE_INFINITY)
  return 'square' in scale ? [scale.square, scale.square] : scale.stretch
}
