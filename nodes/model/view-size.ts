import { limitedHw } from '../kernels/limited-size.ts'
import { letterboxOf } from '../kernels/paste-letterbox.ts'
import { torchResizedHw } from '../kernels/resize-torch.ts'
import type { TwoStageModel } from './model-spec.ts'

/**
 * How large a view is: the shorter side in pixels, a box to fit into, a square, a longest side, or the picture's own size.
 */
export type Scale =
  | number
  | { readonly fit: readonly [number, number] }
  | FitText
  | { readonly square: number; readonly how: 'stretch' | 'letterbox' }
  | { readonly limit: number }
  | 'native'

/** `1333x800`: the same as `{ fit: [1333, 800] }`, as one word, so that it can be the id of a coordinate. */
export type FitText = `${number}x${number}`

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
    {
      type: 'object',
      additionalProperties: false,
      required: ['square', 'how'],
      properties: {
        square: { type: 'integer', minimum: 1, description: 'Side in pixels.' },
        how: {
          enum: ['stretch', 'letterbox'],
          description:
            'stretch: both sides become this long; letterbox: the longer one, and the image lies in the middle of a black square.',
        },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['limit'],
      properties: {
        limit: { type: 'integer', minimum: 1, description: 'Longest side in pixels; smaller images keep their size.' },
      },
    },
    { type: 'string', pattern: '^([1-9][0-9]*x[1-9][0-9]*|native)$' },
  ],
} as const

/** The views of an image are squares with it in the middle; the side, or undefined. */
export function letterboxSidePx(scale: Scale): number | undefined {
  return typeof scale === 'object' && 'square' in scale && scale.how === 'letterbox' ? scale.square : undefined
}

/**
 * [height, width] of the image in a view, before padding. A number is the shorter side, the longer one limited by the
 * model; `fit` gives longest and shortest side in either order; the rounding of both is the model's. In a letterbox the
 * shorter side is rounded half to even, under a limit it is rounded down.
 */
export function viewSizeHw(
  model: Pick<TwoStageModel, 'longerSidePx'>,
  scale: Scale,
  frameHw: readonly [number, number],
): readonly [number, number] {
  if (scale === 'native') return frameHw
  if (typeof scale === 'string') return fitted(frameHw, scale.split('x').map(Number))
  if (typeof scale === 'number') return torchResizedHw(frameHw, scale, model.longerSidePx)
  if ('limit' in scale) return limitedHw(frameHw, scale.limit)
  if ('square' in scale) {
    return scale.how === 'stretch' ? [scale.square, scale.square] : letterboxOf(frameHw, scale.square).contentHw
  }
  return fitted(frameHw, scale.fit)
}

function fitted(frameHw: readonly [number, number], sidesPx: readonly number[]): readonly [number, number] {
  return torchResizedHw(frameHw, Math.min(...sidesPx), Math.max(...sidesPx))
}
