import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CocoCurves } from '../../nodes/kernels/coco-accumulate.ts'
import { type CocoImage, type CocoOptions, createCocoEvaluator } from '../../nodes/kernels/coco-eval.ts'
import { cocoSettings } from '../../nodes/kernels/coco-settings.ts'
import { averagePrecision, cocoStats } from '../../nodes/kernels/coco-summary.ts'
import { type CocoExpected, cocoImages, readCocoCase, unpackDoubles } from '../helpers/coco-golden.ts'

const names = ['plain', 'ties-and-crowds', 'box-areas', 'mask-areas', 'id-zero-and-ignore', 'more-than-a-hundred']

function evaluate(images: readonly CocoImage[], options: CocoOptions, repeats?: Uint32Array): CocoCurves {
  const evaluator = createCocoEvaluator(options)
  for (const image of images) evaluator.addImage(image)
  return evaluator.accumulate(repeats)
}

function expectEqual(curves: CocoCurves, expected: CocoExpected): void {
  expect(curves.precision).toEqual(unpackDoubles(expected.precision))
  expect(curves.recall).toEqual(unpackDoubles(expected.recall))
  expect(curves.scores).toEqual(unpackDoubles(expected.scores))
  cocoStats(curves, 'strict').forEach((value, i) => {
    expect(Math.abs(value - expected.stats[i]!)).toBeLessThan(1e-12)
  })
}

describe('COCO evaluation equals pycocotools bit for bit', () => {
  it.each(names)('on boxes of the case %s', name => {
    const data = { ...readCocoCase(name), resultsHaveBoxes: true }
    const classCount = data.categories.length
    const curves = evaluate(cocoImages(data), { classCount, similarity: 'bbox', rules: 'strict' })
    expectEqual(curves, data.bbox)
  })

  it.each(names)('on masks of the case %s', name => {
    const data = readCocoCase(name)
    const classCount = data.categories.length
    const curves = evaluate(cocoImages(data), { classCount, similarity: 'segm', rules: 'strict' })
    expectEqual(curves, data.segm)
  })

  it.each(names)('without classes on the case %s', name => {
    const data = { ...readCocoCase(name), resultsHaveBoxes: true }
    const options = {
      classCount: data.categories.length,
      similarity: 'bbox',
      rules: 'strict',
      pooledClasses: true,
    } as const
    expectEqual(evaluate(cocoImages(data), options), data.pooled)
  })
})

const square = (x: number, y: number, side: number) => [x, y, x + side, y + side]

function oneImage(truth: number[][], found: number[][], extra: Partial<CocoImage['truth']> = {}): CocoImage {
  return {
    truth: { labels: new Int32Array(truth.length), boxesXyxy: Float64Array.from(truth.flat()), ...extra },
    detections: {
      labels: new Int32Array(found.length),
      scores: Float64Array.from(found, (_, i) => 1 - i / 10),
      boxesXyxy: Float64Array.from(found.flat()),
    },
  }
}

describe('COCO evaluation rules', () => {
  const options = { classCount: 1, similarity: 'bbox' } as const

  it('finds an annotation with id 0 unless strict', () => {
    const images = [oneImage([square(0, 0, 40)], [square(0, 0, 40)], { ids: [0] })]
    expect(averagePrecision(evaluate(images, { ...options, rules: 'strict' }))).toBe(0)
    expect(averagePrecision(evaluate(images, options))).toBeCloseTo(1, 12)
  })

  it('honours ignore flags unless strict', () => {
    const images = [
      oneImage([square(0, 0, 40), square(50, 50, 40)], [square(0, 0, 40)], { ignore: Uint8Array.of(0, 1) }),
    ]
    expect(averagePrecision(evaluate(images, options))).toBeCloseTo(1, 12)
    expect(averagePrecision(evaluate(images, { ...options, rules: 'strict' }))).toBeCloseTo(51 / 101, 12)
  })

  it('counts an area of exactly 32² as small and as medium, or as medium alone with half-open ranges', () => {
    const images = [oneImage([square(0, 0, 32)], [square(0, 0, 32)])]
    const closed = evaluate(images, options)
    expect([closed.positives[1], closed.positives[2]]).toEqual([1, 1])
    const halfOpen = evaluate(images, { ...options, halfOpenAreas: true })
    expect([halfOpen.positives[1], halfOpen.positives[2]]).toEqual([0, 1])
  })

  it('gives AP 0 to a class that has ground truth and no detections, −1 to one without ground truth', () => {
    const curves = evaluate([oneImage([square(0, 0, 9)], [])], { ...options, classCount: 2 })
    expect(averagePrecision(curves, { label: 0 })).toBe(0)
    expect(averagePrecision(curves, { label: 1 })).toBe(-1)
    expect(averagePrecision(curves)).toBe(0)
  })

  it('uses the largest cap for the first number when 100 is not one of them, unless strict', () => {
    const settings = { ...cocoSettings, maxDetections: [1, 5, 20] }
    const curves = evaluate([oneImage([square(0, 0, 9)], [square(0, 0, 9)])], { ...options, settings })
    expect(cocoStats(curves)[0]).toBeCloseTo(1, 12)
    expect(cocoStats(curves, 'strict')[0]).toBe(-1)
  })

  it('names the instance whose label is out of range', () => {
    const image = oneImage([square(0, 0, 9)], [], { labels: Int32Array.of(3) })
    expect(() => evaluate([image], options)).toThrow('instance 0 has label 3, but there are 1 classes')
  })

  it('does not depend on the order in which images arrive when their places are given', () => {
    const data = readCocoCase('ties-and-crowds')
    const images = cocoImages(data).map((image, order) => ({ ...image, order }))
    const classCount = data.categories.length
    const forwards = evaluate(images, { classCount, similarity: 'bbox' })
    const backwards = evaluate(images.toReversed(), { classCount, similarity: 'bbox' })
    expect(backwards.precision).toEqual(forwards.precision)
  })

  it('counts an image as often as it is repeated', () => {
    const data = readCocoCase('plain')
    const images = cocoImages(data)
    const classCount = data.categories.length
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: images.length, maxLength: images.length }), counts => {
        const copies = images.flatMap((image, i) => Array.from({ length: counts[i]! }, () => image))
        const repeated = evaluate(images, { classCount, similarity: 'bbox' }, Uint32Array.from(counts))
        expect(repeated.precision).toEqual(evaluate(copies, { classCount, similarity: 'bbox' }).precision)
      }),
      { numRuns: 8 },
    )
  })
})
