import { torchResizedHw } from '../kernels/resize-torch.ts'
import type { TwoStageModel } from './model-spec.ts'

/** How large a view is: the shorter side in pixels, a box to fit into, or the picture's own size. */
export type Scale = number | { readonly fit: readonly [number, number] } | 'native'

/** JSON Schema of a `Scale`. */
export const SCALE_SCHEMA = {
  anyOf: [
    { type: 'integer', minimum: 1 },
    {
      type: 'object',
      additionalProperties: false,
      required: ['fit'],
      properties: {
        fit: {
          type: 'array',
          items: { type: 'integer', minimum: 1 },
          minItems: 2,
          maxItems: 2,
          description: 'Longest and shortest side in pixels, in either order.',
        },
      },
    },
    { const: 'native' },
  ],
} as const

/**
 * [height, width] of a view before padding. A number is the shorter side, the longer one limited by the model; `fit`
 * gives longest and shortest side in either order. The rounding is the model's.
 */
export function viewSizeHw(
  model: Pick<TwoStageModel, 'longerSidePx'>,
  scale: Scale,
  frameHw: readonly [number, number],
): readonly [number, number] {
  if (scale === 'native') return frameHw
  if (typeof scale === 'number') return torchResizedHw(frameHw, scale, model.longerSidePx)
  return torchResizedHw(frameHw, Math.min(...scale.fit), Math.max(...scale.fit))
}
