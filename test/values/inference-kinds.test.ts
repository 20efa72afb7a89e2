import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { boxesKind, type ProposalBoxes } from '../../nodes/values/boxes.ts'
import { type Detections, detectionsKind } from '../../nodes/values/detections.ts'
import { type Features, featuresKind } from '../../nodes/values/features.ts'
import { type ImageRef, imageKind } from '../../nodes/values/image.ts'
import { type Proposals, proposalsKind } from '../../nodes/values/proposals.ts'
import { type RoiMasks, roiMasksKind } from '../../nodes/values/roi-masks.ts'
import { type RpnMaps, rpnKind } from '../../nodes/values/rpn.ts'

const proposals: Proposals = {
  frameHw: [10, 20],
  boxesXyxy: new Float64Array([0, 0, 5, 5, 1, 2, 3, 4]),
  scores: new Float64Array([0.9, 0.1]),
}
const detections: Detections = { ...proposals, labels: new Int32Array([3, 0]) }
const boxes: ProposalBoxes = {
  frameHw: [10, 20],
  classCount: 2,
  probabilities: new Float32Array([0.5, 0.25]),
  boxesXyxy: new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]),
  boxesPerProposal: 2,
}
const roiMasks: RoiMasks = { sizePx: 2, probabilities: new Float32Array([0, 0.5, 1, 0.25]) }
const image: ImageRef = { sha256: 'a'.repeat(64), widthPx: 3, heightPx: 2, channels: 3, bitDepth: 8, format: 'png' }
const empty = { frameHw: [1, 1] as const, boxesXyxy: new Float64Array(0), scores: new Float64Array(0) }

describe('stored kinds of inference', () => {
  it('come back equal from their bytes, empty ones too', () => {
    const bytes = (encoded: Uint8Array | string) => encoded as Uint8Array
    expect(proposalsKind.decode(bytes(proposalsKind.encode(proposals)))).toEqual(proposals)
    expect(proposalsKind.decode(bytes(proposalsKind.encode(empty)))).toEqual(empty)
    expect(detectionsKind.decode(bytes(detectionsKind.encode(detections)))).toEqual(detections)
    expect(boxesKind.decode(bytes(boxesKind.encode(boxes)))).toEqual(boxes)
    expect(roiMasksKind.decode(bytes(roiMasksKind.encode(roiMasks)))).toEqual(roiMasks)
    expect(imageKind.decode(bytes(imageKind.encode(image)))).toEqual(image)
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'NaN score',
      () => proposalsKind.encode({ ...proposals, scores: new Float64Array([0.5, Number.NaN]) }),
      /proposals: scores\[1\] is NaN/,
    ],
    [
      'score above 1',
      () => detectionsKind.encode({ ...detections, scores: new Float64Array([1.5, 0]) }),
      /detections: scores\[0\] is 1.5/,
    ],
    [
      'infinite box',
      () => proposalsKind.encode({ ...proposals, boxesXyxy: new Float64Array([0, 0, 1, 1, 0, 0, 1, Infinity]) }),
      /proposals: box 1 is \[0, 0, 1, Infinity\]/,
    ],
    [
      'missing box',
      () => proposalsKind.encode({ ...proposals, boxesXyxy: new Float64Array(4) }),
      /boxes has 4 elements, expected 8/,
    ],
    [
      'negative label',
      () => detectionsKind.encode({ ...detections, labels: new Int32Array([0, -1]) }),
      /labels\[1\] is -1/,
    ],
    [
      'partial row',
      () => boxesKind.encode({ ...boxes, probabilities: new Float32Array(3) }),
      /3 probabilities are not a whole number of rows of 2/,
    ],
    ['odd box count', () => boxesKind.encode({ ...boxes, boxesPerProposal: 3 }), /3 boxes for each proposal/],
    [
      'NaN box of a class',
      () => boxesKind.encode({ ...boxes, boxesXyxy: new Float32Array([0, 0, 1, 1, 2, 2, 3, Number.NaN]) }),
      /box of proposal 0/,
    ],
    [
      'cut mask',
      () => roiMasksKind.encode({ ...roiMasks, probabilities: new Float32Array(3) }),
      /3 probabilities are not a whole number of 2 × 2 squares/,
    ],
    [
      'mask above 1',
      () => roiMasksKind.encode({ ...roiMasks, probabilities: new Float32Array([0, 0, 0, 2]) }),
      /roi-masks: mask 0: row 1, column 1 is 2/,
    ],
    ['short digest', () => imageKind.encode({ ...image, sha256: 'ab' }), /expected 64 hex digits/],
    ['flat image', () => imageKind.encode({ ...image, heightPx: 0 }), /size is 3 × 0/],
  ])('refuse a %s and say where it is', (_what, encode, message) => {
    expect(encode).toThrow(message)
  })

  it('refuse bytes of another kind', () => {
    const bytes = proposalsKind.encode(proposals) as Uint8Array
    expect(() => detectionsKind.decode(bytes)).toThrow(
      /stored detections: tensor labels is missing \(Int32Array of shape \[2\]\)/,
    )
    expect(() => roiMasksKind.decode(bytes)).toThrow(/tensor probabilities is missing/)
  })

  it('explain why two static types do not go together', () => {
    const classes = [{ id: 'a', name: 'A' }]
    expect(
      boxesKind.explainDifference!({ classes, class_boxes: 'shared' }, { classes, class_boxes: 'per-class' }),
    ).toMatch(/one box for all classes against one box for each class/)
    expect(roiMasksKind.explainDifference!({ classes, mask_size_px: 28 }, { classes, mask_size_px: 14 })).toMatch(
      /28 px against 14 px/,
    )
  })
})

describe('proposal maps', () => {
  it('wait in a file and come back the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maskloom-rpn-'))
    const file = openSync(join(folder, 'maps'), 'wx+')
    const floats = (length: number) => Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i) * 9))
    const level = (cells: number, gridHw: readonly [number, number]) => ({
      stridePx: 4,
      sizesPx: [32],
      ratios: [1],
      // A view into something larger.
      objectness: floats(cells + 3).subarray(3),
      deltas: floats(4 * cells),
      gridHw,
    })
    const maps: RpnMaps = {
      view: { frameHw: [5, 7], resizedHw: [10, 14], flip: 'horizontal' },
      levels: [level(6, [2, 3]), level(2, [1, 2])],
      coder: { deltaWeights: [1, 1, 1, 1], clampLogSize: 4, clamp: 'log' } as unknown as RpnMaps['coder'],
    }
    const { restore } = await rpnKind.spill!(maps, file)
    expect(fstatSync(file).size).toBe(rpnKind.residentBytes!(maps))
    expect(await restore()).toEqual(maps)
    expect(await restore()).toEqual(maps)
    closeSync(file)
    rmSync(folder, { recursive: true })
  })
})

describe('features', () => {
  it('have no bytes, say what they hold and release once asked', () => {
    let released = 0
    const features: Features = {
      model: undefined,
      maps: undefined,
      view: { frameHw: [1, 1], resizedHw: [1, 1], flip: 'none' },
      bytes: 12,
      release: () => {
        released++
      },
      spill: async () => ({ restore: async () => features, workMs: 0 }),
    }
    expect(() => featuresKind.encode(features)).toThrow(/not stored/)
    expect(featuresKind.residentBytes!(features)).toBe(12)
    featuresKind.release!(features)
    expect(released).toBe(1)
  })
})
