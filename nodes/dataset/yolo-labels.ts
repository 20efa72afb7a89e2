import { defineNode } from '../../engine/contract/node.ts'
import { fillHoles, largestComponents } from '../kernels/components.ts'
import { joinedOutline, type OutlineCorners } from '../kernels/joined-outline.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

interface Params {
  readonly corners: OutlineCorners
  readonly parts: 'joined' | 'largest'
  readonly holes: 'joined' | 'fill'
  readonly decimals: number
}

export const datasetYoloLabels = defineNode<Params, { instances: Instances }>({
  name: 'dataset/yolo-labels',
  version: 1,
  description:
    'Writes the label file of an image for YOLO segmentation: a line `class x1 y1 x2 y2 …` for each instance, corners as shares of width and height. A line is one polygon, so parts and holes hang on it by lines walked there and back. Crowds and masks without a pixel are left out; boxes are not written.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      corners: {
        enum: ['edges', 'centres'],
        default: 'edges',
        description:
          'edges: along the edges of pixels, from which annotations/yolo-seg and pycocotools draw the same mask; Ultralytics, which draws the line too, makes it a pixel wider and higher at the size it trains at. centres: through the centres of border pixels (OpenCV’s contours), from which Ultralytics draws the same mask at the size of the picture, a smaller one at larger sizes; pycocotools loses the border.',
      },
      parts: {
        enum: ['joined', 'largest'],
        default: 'joined',
        description: 'All parts of a mask, or that of most pixels (ties: the first in reading order).',
      },
      holes: { enum: ['joined', 'fill'], default: 'joined', description: 'Holes stay holes, or are filled.' },
      decimals: {
        type: 'integer',
        minimum: 1,
        maximum: 15,
        default: 6,
        description: 'Of a share; 6 keep every pixel of a picture up to 100,000 wide.',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'What to write; the class is its label.' } },
  outputs: {
    file: {
      kind: 'file',
      per: 'item',
      extension: 'txt',
      description: 'The label file; empty for an image without objects.',
    },
  },
  example: `
labels:
  uses: dataset/yolo-labels
  in: { instances: truth.instances }
`,
  run: ({ instances }, { corners, parts, holes, decimals }, context) => {
    checkLabels(instances.labels, inputClasses(context, 'instances'), 'input instances')
    const lines: string[] = []
    let crowds = 0
    let empty = 0
    for (const [i, label] of instances.labels.entries()) {
      if (instances.crowd?.[i]) {
        crowds++
        continue
      }
      const one = selectMasks(instances.masks, [i])
      // Pixels that only share a corner hang together where a line goes through their centres.
      const part = parts === 'largest' ? largestComponents(one, corners === 'edges' ? 4 : 8) : one
      const outline = joinedOutline(holes === 'fill' ? fillHoles(part) : part, 0, corners)
      if (outline.length === 0) empty++
      else lines.push(`${yoloLine(label, outline, instances.sizeHw, decimals)}\n`)
    }
    if (crowds + empty > 0) context.note(`left out: crowds ${crowds}, masks without a pixel ${empty}`)
    return { file: new TextEncoder().encode(lines.join('')) }
  },
})

/** The class and the corners as shares of width and height; no zeros at the end. */
function yoloLine(
  label: number,
  xy: ArrayLike<number>,
  [height, width]: readonly [number, number],
  decimals: number,
): string {
  const shares = Array.from(xy, (value, i) => Number((value / (i % 2 === 0 ? width : height)).toFixed(decimals)))
  return [label, ...shares].join(' ')
}
