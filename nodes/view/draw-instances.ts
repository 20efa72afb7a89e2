import type { MaskSet } from '../kernels/masks.ts'
import { argsortDescending } from '../kernels/order.ts'
import { decodeDense, maskBoxesXyxy } from '../kernels/rle.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import { blendPixel, type Canvas, drawText, fillRect, strokeRect, textSizePx } from './canvas.ts'
import { inkOn, type Rgb } from './palette.ts'

export interface DrawOptions {
  readonly classes: ClassList
  /** By label. */
  readonly colors: readonly Rgb[]
  /** Predictions with score ≥ this; ground truth is always drawn. */
  readonly minScore: number
  readonly maxInstances: number
  /** Canvas pixels for a pixel of the font. */
  readonly textScale: number
}

const MASK_ALPHA = 0.45

/**
 * Draws instances on the picture they belong to, which fills the canvas at any scale: filled masks with outline, then
 * boxes, then labels. The higher score lies on top (ties: the earlier instance). Ground truth carries no scores.
 */
export function drawInstances(canvas: Canvas, instances: Instances, options: DrawOptions): void {
  const isTruth = instances.areasPx !== undefined || instances.crowd !== undefined || instances.groupOf !== undefined
  const best = Array.from(argsortDescending(instances.scores))
    .filter(index => isTruth || instances.scores[index]! >= options.minScore)
    .slice(0, options.maxInstances)
  const factor = canvas.widthPx / instances.sizeHw[1]
  const maskBoxes = maskBoxesXyxy(instances.masks)
  const color = (index: number) => options.colors[instances.labels[index]!]!
  const line = Math.max(1, Math.round(options.textScale / 2))
  for (const index of best.toReversed()) {
    drawMask(canvas, instances.masks, index, maskBoxes, line, color(index))
    const [x, y, width, height] = boxOnCanvas(instances, index, factor)
    strokeRect(canvas, x, y, width, height, line, color(index))
  }
  const taken: Rect[] = []
  for (const index of best) {
    const { id, name } = options.classes[instances.labels[index]!]!
    const score = isTruth ? '' : ` ${instances.scores[index]!.toFixed(2)}`
    drawLabel(
      canvas,
      `${name || id}${score}`,
      boxOnCanvas(instances, index, factor),
      options.textScale,
      color(index),
      taken,
    )
  }
}

/** x, y, width, height in canvas pixels. */
type Rect = readonly [number, number, number, number]

function boxOnCanvas({ boxesXyxy }: Instances, index: number, factor: number): Rect {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map(side => Math.round(boxesXyxy[4 * index + side]! * factor))
  return [x1!, y1!, x2! - x1!, y2! - y1!]
}

/** Blends the mask in and draws its outline, the canvas pixels of it that touch a pixel outside. */
function drawMask(
  canvas: Canvas,
  masks: MaskSet,
  index: number,
  boxes: Float64Array,
  linePx: number,
  color: Rgb,
): void {
  const [height, width] = masks.sizeHw
  const pixels = decodeDense(masks, index, 'row-major')
  const factorX = canvas.widthPx / width
  const factorY = canvas.heightPx / height
  const inside = (x: number, y: number) => {
    const column = Math.floor((x + 0.5) / factorX)
    const row = Math.floor((y + 0.5) / factorY)
    return column >= 0 && row >= 0 && column < width && row < height && pixels[row * width + column] === 1
  }
  const left = Math.max(0, Math.floor(boxes[4 * index]! * factorX))
  const top = Math.max(0, Math.floor(boxes[4 * index + 1]! * factorY))
  const right = Math.min(canvas.widthPx, Math.ceil(boxes[4 * index + 2]! * factorX))
  const bottom = Math.min(canvas.heightPx, Math.ceil(boxes[4 * index + 3]! * factorY))
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (!inside(x, y)) continue
      const edge = !inside(x - linePx, y) || !inside(x + linePx, y) || !inside(x, y - linePx) || !inside(x, y + linePx)
      blendPixel(canvas, x, y, color, edge ? 1 : MASK_ALPHA)
    }
  }
}

/** The label goes above its box, inside it at the top or below it: where it covers no label drawn before. */
function drawLabel(canvas: Canvas, text: string, box: Rect, scale: number, color: Rgb, taken: Rect[]): void {
  const [textWidth, textHeight] = textSizePx(text, scale)
  const width = textWidth + 2 * scale
  const height = textHeight + scale
  const x = Math.max(0, Math.min(box[0], canvas.widthPx - width))
  const places = [box[1] - height, box[1], box[1] + box[3], box[1] + box[3] - height, box[1] + height]
    .filter(y => y >= 0 && y + height <= canvas.heightPx)
    .map((y): Rect => [x, y, width, height])
  const place = places.find(rect => !taken.some(other => overlaps(rect, other))) ?? places[0] ?? [x, 0, width, height]
  taken.push(place)
  fillRect(canvas, place[0], place[1], width, height, color)
  drawText(canvas, text, place[0] + scale, place[1] + scale, scale, inkOn(color))
}

function overlaps(a: Rect, b: Rect): boolean {
  return a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
}
