import { bench, describe } from 'vitest'
import { unionOfAll } from '../../nodes/kernels/mask-algebra.ts'
import { maskIou } from '../../nodes/kernels/mask-iou.ts'
import { concatMasks } from '../../nodes/kernels/mask-sets.ts'
import { maskTexts, textsToMaskSet } from '../../nodes/kernels/mask-strings.ts'
import { transposeMasks } from '../../nodes/kernels/mask-transform.ts'
import { voteMasks } from '../../nodes/kernels/mask-vote.ts'
import { pasteAligned } from '../../nodes/kernels/paste-aligned.ts'
import { polygonsToMaskSet } from '../../nodes/kernels/polygon.ts'
import { decodeDense, encodeDense, maskBoxesXyxy } from '../../nodes/kernels/rle.ts'

/** Side by side with pycocotools: compare_masks.py. */

const sizeHw: [number, number] = [1080, 1920]

function star(i: number): number[] {
  const radius = 20 + ((i * 37) % 140)
  const [x, y] = [((i * 733) % 1900) + 10, ((i * 397) % 1060) + 10]
  return Array.from({ length: 120 }, (_, k) => {
    const angle = ((k >> 1) / 60) * 2 * Math.PI
    const r = radius * (1 + 0.25 * Math.sin(5 * angle))
    return k % 2 === 0 ? x + r * Math.cos(angle) : y + r * Math.sin(angle)
  })
}

const outlines = Array.from({ length: 100 }, (_, i) => [star(i)])
const masks = polygonsToMaskSet(outlines, sizeHw)
const copy = concatMasks([masks])
const texts = maskTexts(masks)
const rowMajor = decodeDense(masks, 7, 'row-major')
const scores = Float64Array.from({ length: 100 }, (_, i) => 1 - i / 100)

describe('100 objects, 1080p', () => {
  bench('polygons to masks', () => void polygonsToMaskSet(outlines, sizeHw))
  bench('texts to masks', () => void textsToMaskSet(texts, sizeHw))
  bench('masks to texts', () => void maskTexts(masks))
  bench('IoU with itself', () => void maskIou(masks, masks))
  bench('IoU of two sets', () => void maskIou(masks, copy))
  bench('boxes', () => void maskBoxesXyxy(masks))
  bench('union', () => void unionOfAll(masks))
  bench('vote', () => void voteMasks(masks, scores, 0.01))
  bench('transpose', () => void transposeMasks(masks))
})

describe('one mask, 1080p', () => {
  bench('encode from rows', () => void encodeDense(rowMajor, sizeHw, 'row-major'))
  bench('decode to rows', () => void decodeDense(masks, 7, 'row-major'))
})

const soft = Float32Array.from({ length: 784 }, (_, k) => {
  const distance = Math.hypot((k % 28) - 13.5, Math.floor(k / 28) - 13.5)
  return 1 / (1 + Math.exp(distance - 11))
})

describe('paste one 28 x 28 mask', () => {
  for (const sidePx of [32, 100, 300, 800]) {
    const box = Float64Array.of(60.3, 70.6, 60.3 + sidePx, 70.6 + sidePx)
    bench(`into ${sidePx} px`, () => void pasteAligned(soft, 28, box, sizeHw, 0.5))
  }
})
