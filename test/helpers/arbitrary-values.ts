import fc from 'fast-check'
import type { Facets } from '../../engine/contract/kind.ts'
import { concatMasks, emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { encodeDense } from '../../nodes/kernels/rle.ts'
import { classesOf } from './collections.ts'

/** Random values that keep every rule of their kind, on the edge of it where that is possible. */

export type FrameHw = readonly [number, number]

export interface TypedValue {
  readonly value: unknown
  readonly facets: Facets
}

const CLASSES = ['cat', 'dog', 'fox']
const K = CLASSES.length

export const frames: fc.Arbitrary<FrameHw> = fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }))

const shares = fc.oneof(fc.constantFrom(0, 1, 0.5, 5e-324), fc.double({ min: 0, max: 1, noNaN: true }))

const listed = (...ids: readonly string[]): Facets => classesOf(...ids)

/** In order or reversed: nothing may go by position. */
const classLists = fc.constantFrom(listed(...CLASSES), listed(...CLASSES.toReversed()))

/** Inside the frame, over its edge, without area, on its border. */
function boxes([height, width]: FrameHw, count: number): fc.Arbitrary<number[]> {
  const span = (side: number) =>
    fc
      .tuple(fc.oneof(fc.integer({ min: -1, max: side + 1 }), fc.double({ min: 0, max: side, noNaN: true })), shares)
      .map(([from, share]) => [from, from + share * (side + 2)] as const)
      .filter(([from, to]) => from <= side + 1 && to >= -1)
  const box = fc.tuple(span(width), span(height)).map(([[x1, x2], [y1, y2]]) => [x1, y1, x2, y2])
  return fc.array(box, { minLength: count, maxLength: count }).map(list => list.flat())
}

function masks([height, width]: FrameHw, count: number): fc.Arbitrary<MaskSet> {
  const pixels = height * width
  const dense = fc.oneof(
    fc.constant(new Uint8Array(pixels)),
    fc.constant(new Uint8Array(pixels).fill(1)),
    fc.array(fc.boolean(), { minLength: pixels, maxLength: pixels }).map(bits => Uint8Array.from(bits, Number)),
  )
  return fc
    .array(dense, { minLength: count, maxLength: count })
    .map(list =>
      concatMasks([
        emptyMasks([height, width], 0),
        ...list.map(one => encodeDense(one, [height, width], 'column-major')),
      ]),
    )
}

const several = (count: number) => ({ minLength: count, maxLength: count })
const scoresOf = (count: number) => fc.array(shares, several(count)).map(list => Float64Array.from(list))
const labelsOf = (count: number) => fc.array(fc.nat(K - 1), several(count)).map(list => Int32Array.from(list))

function detections(frameHw: FrameHw, count: number): fc.Arbitrary<TypedValue> {
  return fc
    .tuple(boxes(frameHw, count), scoresOf(count), labelsOf(count), classLists)
    .map(([sides, scores, labels, facets]) => ({
      value: { frameHw, boxesXyxy: Float64Array.from(sides), scores, labels },
      facets,
    }))
}

function instances(frameHw: FrameHw, count: number): fc.Arbitrary<TypedValue> {
  const marks = fc.array(fc.nat(1), several(count)).map(list => Uint8Array.from(list))
  return fc
    .tuple(detections(frameHw, count), masks(frameHw, count), marks, fc.constantFrom('none', 'crowd', 'groupOf', 'all'))
    .map(([{ value, facets }, set, mark, with_]) => {
      const { frameHw: sizeHw, ...rest } = value as { readonly frameHw: FrameHw }
      return {
        value: {
          sizeHw,
          ...rest,
          masks: set,
          ...((with_ === 'crowd' || with_ === 'all') && { crowd: mark }),
          ...((with_ === 'groupOf' || with_ === 'all') && { groupOf: mark }),
          ...(with_ === 'all' && { areasPx: Float64Array.from(mark, area => 3.5 * area) }),
        },
        facets,
      }
    })
}

function proposals(frameHw: FrameHw, count: number): fc.Arbitrary<TypedValue> {
  return fc.tuple(boxes(frameHw, count), scoresOf(count)).map(([sides, scores]) => ({
    value: { frameHw, boxesXyxy: Float64Array.from(sides), scores },
    facets: {},
  }))
}

function proposalBoxes(frameHw: FrameHw, count: number): fc.Arbitrary<TypedValue> {
  return fc.constantFrom(1, K).chain(perProposal =>
    fc
      .tuple(boxes(frameHw, count * perProposal), fc.array(shares, several(count * K)))
      .map(([sides, probabilities]) => ({
        value: {
          frameHw,
          classCount: K,
          probabilities: Float32Array.from(probabilities),
          boxesXyxy: Float32Array.from(sides),
          boxesPerProposal: perProposal,
        },
        facets: { ...listed(...CLASSES), class_boxes: perProposal === 1 ? 'shared' : 'per-class' },
      })),
  )
}

function roiMasks(_frameHw: FrameHw, count: number): fc.Arbitrary<TypedValue> {
  return fc.constantFrom(1, 2, 4).chain(sizePx =>
    fc.array(shares, several(count * sizePx * sizePx)).map(cells => ({
      value: { sizePx, probabilities: Float32Array.from(cells) },
      facets: { ...listed(...CLASSES), mask_size_px: sizePx },
    })),
  )
}

const image = ([heightPx, widthPx]: FrameHw): fc.Arbitrary<TypedValue> =>
  fc.constantFrom({}, { georeference: { crs: 'EPSG:32631', affine: [0.5, 0, 42, 0, -0.5, 63] } }).map(place => ({
    value: { sha256: 'a'.repeat(64), widthPx, heightPx, channels: 3, bitDepth: 8, format: 'png', ...place },
    facets: {},
  }))

/** Every class may have parents among those after it. */
const hierarchy = (): fc.Arbitrary<TypedValue> =>
  fc.tuple(fc.subarray([1, 2]), fc.subarray([2])).map(([first, second]) => {
    const value = { ...classesOf(...CLASSES), parents: [first, second, []] }
    return { value, facets: value }
  })

const metrics = (): fc.Arbitrary<TypedValue> =>
  fc
    .dictionary(
      fc.constantFrom('box', 'mask'),
      fc.dictionary(fc.constantFrom('AP', 'AP50'), fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))),
    )
    .map(value => ({ value, facets: {} }))

const labelTable = (): fc.Arbitrary<TypedValue> =>
  fc.array(fc.tuple(fc.constantFrom(...CLASSES, 'owl'), fc.constantFrom(0, 1, 0.5))).map(rows => ({
    value: { columns: ['class', 'confidence'], rows },
    facets: {},
  }))

const epochTable = (): fc.Arbitrary<TypedValue> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...CLASSES), fc.nat(3), fc.constant(2)))
    .map(rows => ({ value: { columns: ['image', 'class', 'count', 'round'], rows }, facets: {} }))

const label = (): fc.Arbitrary<TypedValue> =>
  fc.constantFrom(...CLASSES).map(text => ({ value: { text }, facets: listed(...CLASSES) }))

const semantic = (frameHw: FrameHw): fc.Arbitrary<TypedValue> =>
  fc.constantFrom(6, 12).chain(length =>
    fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: length, maxLength: length }).map(values => ({
      value: {
        frameHw,
        maps: { bce: { sizeHw: [2, 3], values: Float32Array.from(values) } },
        vectors: { image: Float32Array.from(values.slice(0, 2)) },
      },
      facets: { maps: [{ name: 'bce', classes: CLASSES.slice(0, length / 6).map(id => ({ id, name: id })) }] },
    })),
  )

/** By kind; `count` is how many boxes or masks a value has. */
export const arbitraryValues: {
  readonly [kind: string]: (frameHw: FrameHw, count: number) => fc.Arbitrary<TypedValue>
} = {
  proposals,
  boxes: proposalBoxes,
  detections,
  'roi-masks': roiMasks,
  instances,
  image,
  hierarchy,
  metrics,
  table: () => fc.oneof(labelTable(), epochTable()),
  label,
  semantic,
}
