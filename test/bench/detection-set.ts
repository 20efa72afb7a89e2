import type { CocoImage } from '../../nodes/kernels/coco-eval.ts'
import { countsToMaskSet } from '../../nodes/kernels/rle.ts'

/**
 * A made-up data set of the size of COCO val2017, the same numbers as `detection_set.py` makes: a linear congruential
 * stream draws boxes, labels and scores; masks are the ellipses inside the boxes, sampled at pixel centres.
 */

export interface Shape {
  readonly label: number
  readonly score: number
  /** Whole pixels. */
  readonly boxXyxy: readonly [number, number, number, number]
  readonly crowd: boolean
}

export interface SyntheticImage {
  readonly truth: readonly Shape[]
  readonly found: readonly Shape[]
}

export const FRAME_HW = [480, 640] as const

export function stream(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** About 7.2 ground truths and 7.2 detections an image; four of five ground truths are found, a few pixels off. */
export function syntheticImages(count: number, classes = 80, seed = 1): SyntheticImage[] {
  const next = stream(seed)
  const whole = (below: number) => Math.floor(next() * below)
  return Array.from({ length: count }, () => {
    const truth = Array.from({ length: whole(15) }, (): Shape => {
      const width = 8 + whole(200)
      const height = 8 + whole(200)
      const x = whole(FRAME_HW[1] - width)
      const y = whole(FRAME_HW[0] - height)
      return { label: whole(classes), score: 1, boxXyxy: [x, y, x + width, y + height], crowd: next() < 0.01 }
    })
    const found: Shape[] = []
    for (const { label, boxXyxy } of truth) {
      if (next() > 0.8) continue
      const moved = boxXyxy.map(side => side + whole(9) - 4)
      const [x1, y1, x2, y2] = moved as [number, number, number, number]
      const clip = (value: number, limit: number) => Math.min(Math.max(value, 0), limit)
      found.push({
        label: next() < 0.9 ? label : whole(classes),
        score: next(),
        boxXyxy: [clip(x1, 639), clip(y1, 479), clip(Math.max(x2, x1 + 1), 640), clip(Math.max(y2, y1 + 1), 480)],
        crowd: false,
      })
    }
    for (let extra = whole(4); extra > 0; extra--) {
      const x = whole(500)
      const y = whole(400)
      found.push({ label: whole(classes), score: next() * 0.6, boxXyxy: [x, y, x + 20, y + 30], crowd: false })
    }
    return { truth, found }
  })
}

/** COCO counts of the ellipse inscribed in the box. */
export function ellipseCounts([x1, y1, x2, y2]: Shape['boxXyxy']): number[] {
  const height = FRAME_HW[0]
  const counts = [0]
  let end = 0
  for (let x = x1; x < x2; x++) {
    const across = (2 * (x + 0.5) - x1 - x2) / (x2 - x1)
    const half = (Math.sqrt(Math.max(0, 1 - across * across)) * (y2 - y1)) / 2
    const top = Math.ceil((y1 + y2) / 2 - half - 0.5)
    const bottom = Math.ceil((y1 + y2) / 2 + half - 0.5)
    if (bottom <= top) continue
    const start = x * height + top
    if (counts.length > 1 && start === end) counts[counts.length - 1]! += bottom - top
    else {
      if (counts.length === 1) counts[0] = start
      else counts.push(start - end)
      counts.push(bottom - top)
    }
    end = x * height + bottom
  }
  counts[counts.length === 1 ? 0 : counts.length] = FRAME_HW[0] * FRAME_HW[1] - end
  return counts
}

export function asCocoImage({ truth, found }: SyntheticImage, masks: boolean): CocoImage {
  const arrays = (shapes: readonly Shape[]) => ({
    labels: Int32Array.from(shapes, shape => shape.label),
    boxesXyxy: Float64Array.from(shapes.flatMap(shape => [...shape.boxXyxy])),
    ...(masks && {
      masks: countsToMaskSet(
        shapes.map(shape => ellipseCounts(shape.boxXyxy)),
        FRAME_HW,
      ),
    }),
  })
  return {
    truth: { ...arrays(truth), crowd: Uint8Array.from(truth, shape => (shape.crowd ? 1 : 0)) },
    detections: { ...arrays(found), scores: Float64Array.from(found, shape => shape.score) },
  }
}
