import { defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { cutImage } from './cut-chip.ts'

interface Params {
  readonly size_px: readonly [number, number]
  readonly overlap_px: number
}

export const imagesTiles = defineNode<Params, { image: ImageRef }>({
  name: 'images/tiles',
  version: 1,
  description:
    'Cuts an image into tiles of one size that overlap: children of the image, row by row. The last of a row or column is moved back so that it ends with the image; an image smaller than a tile is one. Nothing is copied, a tile is a window.',
  mode: 'split',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      size_px: {
        type: 'array',
        items: { type: 'integer', minimum: 1 },
        minItems: 2,
        maxItems: 2,
        default: [1024, 1024],
        description: 'Height and width of a tile.',
      },
      overlap_px: {
        type: 'integer',
        minimum: 0,
        default: 128,
        description: 'Pixels that neighbours share at least; less than the sides of a tile.',
      },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The image, may be larger than the memory.' } },
  outputs: { images: { kind: 'image', per: 'item', description: 'Tiles, called r<row>c<column>.' } },
  example: `tiles:
  uses: images/tiles
  with: { size_px: [1024, 1024], overlap_px: 128 }
  in: { image: scenes.images }
`,
  types: ({ size_px: sizePx, overlap_px: overlapPx }, context) => {
    if (overlapPx >= Math.min(...sizePx))
      context.problem({
        param: 'overlap_px',
        message: `${overlapPx} px of overlap leave nothing of a tile of ${sizePx.join(' × ')}`,
      })
    return { images: context.inputs['image']?.[0] ?? {} }
  },
  run: async function* ({ image }, { size_px: [height, width], overlap_px: overlapPx }) {
    const tops = tileStarts(image.heightPx, height, overlapPx)
    const lefts = tileStarts(image.widthPx, width, overlapPx)
    for (const [row, y] of tops.entries()) {
      for (const [column, x] of lefts.entries()) {
        const window = { x, y, widthPx: Math.min(width, image.widthPx), heightPx: Math.min(height, image.heightPx) }
        yield {
          id: `r${String(row).padStart(4, '0')}c${String(column).padStart(4, '0')}`,
          outputs: { images: cutImage(image, window, [window.heightPx, window.widthPx]) },
        }
      }
    }
  },
})

/** Where tiles begin along one side. */
export function tileStarts(lengthPx: number, tilePx: number, overlapPx: number): readonly number[] {
  const starts = [0]
  while (starts.at(-1)! + tilePx < lengthPx)
    starts.push(Math.min(starts.at(-1)! + tilePx - overlapPx, lengthPx - tilePx))
  return starts
}
