import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskIou } from '../../nodes/kernels/mask-iou.ts'
import { type MaskNmsRule, maskNms } from '../../nodes/kernels/mask-nms.ts'
import { concatMasks, emptyMasks, selectMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'

/** Vertical bars in a frame one pixel high: mask i covers pixels from … to − 1. */
function bars(...spans: (readonly [number, number])[]): MaskSet {
  const filled = spans.filter(([from, to]) => to > from)
  const offsets = [0]
  for (const [from, to] of spans) offsets.push(offsets[offsets.length - 1]! + (to > from ? 1 : 0))
  return {
    sizeHw: [1, 64],
    starts: Uint32Array.from(filled, span => span[0]),
    ends: Uint32Array.from(filled, span => span[1]),
    offsets: Uint32Array.from(offsets),
  }
}

const kept = (masks: MaskSet, scores: number[], threshold: number, rule: MaskNmsRule, groups?: number[]) =>
  Array.from(
    maskNms(masks, Float64Array.from(scores), threshold, { rule, ...(groups && { groups: Int32Array.from(groups) }) })
      .kept,
  )

describe('mask NMS', () => {
  it('drops a mask at the threshold by default and keeps it under the Sartorius rule', () => {
    const masks = bars([0, 10], [5, 10])
    expect(kept(masks, [0.9, 0.8], 0.5, 'default')).toEqual([0])
    expect(kept(masks, [0.9, 0.8], 0.5, 'sartorius')).toEqual([0, 1])
  })

  it('decides equal scores as each rule says', () => {
    const masks = bars([0, 10], [0, 10])
    expect(kept(masks, [0.5, 0.5], 0.5, 'default')).toEqual([0])
    expect(kept(masks, [0.5, 0.5], 0.5, 'openimages-2019')).toEqual([0, 1])
    expect(kept(masks, [0.5, 0.5], 0.5, 'sartorius')).toEqual([1])
    expect(kept(masks, [0.5, 0.500001], 0.5, 'openimages-2019')).toEqual([1])
  })

  it('returns survivors in source order under the Open Images rule and by score under the others', () => {
    const masks = bars([0, 5], [10, 15], [20, 25])
    expect(kept(masks, [0.1, 0.9, 0.5], 0.5, 'openimages-2019')).toEqual([0, 1, 2])
    expect(kept(masks, [0.1, 0.9, 0.5], 0.5, 'default')).toEqual([1, 2, 0])
  })

  it('lets a suppressed mask suppress nothing', () => {
    const masks = bars([0, 10], [4, 14], [8, 18])
    expect(kept(masks, [0.9, 0.8, 0.7], 0.4, 'default')).toEqual([0, 2])
  })

  it('suppresses within groups only', () => {
    const masks = bars([0, 10], [0, 10], [0, 10])
    expect(kept(masks, [0.9, 0.8, 0.7], 0.5, 'default', [1, 2, 1])).toEqual([0, 1])
  })

  it('drops masks without pixels and says so', () => {
    const masks = concatMasks([emptyMasks([1, 64], 1), bars([0, 3])])
    const result = maskNms(masks, Float64Array.of(0.9, 0.8), 0.5)
    expect(Array.from(result.kept)).toEqual([1])
    expect(Array.from(result.suppressedBy)).toEqual([0, -1])
  })

  it('gives nothing for nothing', () => {
    expect(kept(emptyMasks([4, 4], 0), [], 0.5, 'default')).toEqual([])
  })

  it('names the survivor that dropped each mask', () => {
    const result = maskNms(bars([0, 10], [30, 40], [1, 10], [30, 39]), Float64Array.of(0.8, 0.9, 0.5, 0.6), 0.5)
    expect(Array.from(result.suppressedBy)).toEqual([-1, -1, 0, 1])
  })
})

/** The published loop of the Open Images rule, on a full matrix. */
function openImagesLoop(masks: MaskSet, scores: number[], threshold: number): number[] {
  const ious = maskIou(masks, masks)
  const count = scores.length
  const dropped = scores.map((_, i) => masks.offsets[i] === masks.offsets[i + 1])
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  for (const i of order) {
    if (dropped[i]) continue
    for (let j = 0; j < count; j++) {
      if (scores[j]! < scores[i]! && !dropped[j] && ious[i * count + j]! >= threshold) dropped[j] = true
    }
  }
  return scores.map((_, i) => i).filter(i => !dropped[i])
}

/** The published loop of the Sartorius rule: pick the best, drop all that overlap it, itself included. */
function sartoriusLoop(masks: MaskSet, scores: number[], threshold: number): number[] {
  const ious = maskIou(masks, masks)
  const count = scores.length
  let rest = scores
    .map((_, i) => i)
    .sort((a, b) => scores[a]! - scores[b]!)
    .reverse()
  const picked: number[] = []
  while (rest.length > 0) {
    const best = rest[0]!
    if (ious[best * count + best]! > threshold) picked.push(best)
    rest = rest.slice(1).filter(j => !(ious[best * count + j]! > threshold))
  }
  return picked
}

const scenes = fc.array(
  fc.record({ from: fc.nat(50), length: fc.nat(14), score: fc.integer({ min: 0, max: 6 }).map(n => n / 6) }),
  { maxLength: 24 },
)

describe('mask NMS against plain loops', () => {
  it('equals the loop of the Open Images rule', () => {
    fc.assert(
      fc.property(scenes, fc.constantFrom(0.1, 0.25, 0.5), (scene, threshold) => {
        const masks = bars(...scene.map(({ from, length }) => [from, from + length] as const))
        const scores = scene.map(({ score }) => score)
        expect(kept(masks, scores, threshold, 'openimages-2019')).toEqual(openImagesLoop(masks, scores, threshold))
      }),
    )
  })

  it('equals the loop of the Sartorius rule', () => {
    fc.assert(
      fc.property(scenes, fc.constantFrom(0.1, 0.25, 0.5), (scene, threshold) => {
        const masks = bars(...scene.map(({ from, length }) => [from, from + length] as const))
        const scores = scene.map(({ score }) => score)
        expect(kept(masks, scores, threshold, 'sartorius')).toEqual(sartoriusLoop(masks, scores, threshold))
      }),
    )
  })

  it('does not depend on the order of the masks when scores differ', () => {
    fc.assert(
      fc.property(scenes, fc.infiniteStream(fc.nat()), (scene, numbers) => {
        const masks = bars(...scene.map(({ from, length }) => [from, from + length] as const))
        const scores = scene.map((_, i) => 1 / (2 + i))
        const keys = scene.map(() => numbers.next().value)
        const shuffled = scene.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]!)
        const found = kept(
          selectMasks(masks, shuffled),
          shuffled.map(i => scores[i]!),
          0.3,
          'default',
        )
        expect(found.map(i => shuffled[i])).toEqual(kept(masks, scores, 0.3, 'default'))
      }),
    )
  })

  it('gives the same result when the walk crosses blocks', () => {
    const spans = Array.from({ length: 1300 }, (_, i) => [(i * 7) % 50, ((i * 7) % 50) + 3 + (i % 11)] as const)
    const masks = bars(...spans)
    const scores = spans.map((_, i) => ((i * 37) % 101) / 101)
    expect(kept(masks, scores, 0.8, 'openimages-2019')).toEqual(openImagesLoop(masks, scores, 0.8))
  })
})
