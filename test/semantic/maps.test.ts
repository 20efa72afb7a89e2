import * as fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { leastSpreadMember, positiveSpread } from '../../nodes/kernels/outlier-member.ts'
import { activateChannels } from '../../nodes/kernels/plane-activation.ts'
import { resizeCv2Float } from '../../nodes/kernels/resize-cv2.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { semanticMean } from '../../nodes/semantic/mean.ts'
import { semanticNegatives } from '../../nodes/semantic/negatives.ts'
import { semanticPicture } from '../../nodes/semantic/picture.ts'
import { semanticThreshold } from '../../nodes/semantic/threshold.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { type Semantic, semanticKind } from '../../nodes/values/semantic.ts'
import { collectionOf } from '../helpers/collections.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const building = { id: 'building', name: 'Building' }
const road = { id: 'road', name: 'Road' }
const facets = { maps: [{ name: 'bce', classes: [building] }] }

function semantic(values: readonly number[], sizeHw: readonly [number, number], frameHw = sizeHw): Semantic {
  return { frameHw, maps: { bce: { sizeHw, values: Float32Array.from(values) } }, vectors: {} }
}

const runWith = (node: NodeDefinition, inputs: object, params: object, type: object = facets) => {
  const run = testRun({ wanted: Object.keys(node.outputs), inputTypes: { maps: [type] as never } })
  return runNode(node, inputs as never, withDefaults(node, params), run)
}
const mean = async (maps: readonly Semantic[], params: object = {}) =>
  (await runWith(semanticMean, { maps }, params))['maps'] as Semantic

/** Plain re-reading of the published combination for one image: lists in, list out; sizes are not changed. */
function combinedByHand(members: readonly (readonly number[])[]): number[] {
  const spreads = members.map(values => {
    const above = values.filter(value => value > 0)
    if (above.length === 0) return Number.NaN
    const middle = above.reduce((sum, value) => sum + value, 0) / above.length
    return Math.sqrt(above.reduce((sum, value) => sum + (value - middle) ** 2, 0) / above.length)
  })
  const order = [...members.keys()].sort((a, b) => {
    if (Number.isNaN(spreads[a]!) || Number.isNaN(spreads[b]!))
      return Number(Number.isNaN(spreads[a]!)) - Number(Number.isNaN(spreads[b]!))
    return spreads[a]! - spreads[b]!
  })
  const average = (list: readonly (readonly number[])[]) =>
    list[0]!.map((_, i) => Math.fround(list.reduce((sum, values) => sum + values[i]!, 0) / list.length))
  const all = average(members)
  const least = order[0]!
  const drop = members.length > 1 && Math.max(...members[least]!) > 0.5 && Math.max(...all) < 0.9
  return drop ? average(members.filter((_, i) => i !== least)) : all
}

describe('semantic/mean', () => {
  it('averages pixel by pixel, with weights, and the numbers about the image', async () => {
    const a = {
      ...semantic([0, 0.5, 1, 0.25], [2, 2]),
      vectors: { image: Float32Array.of(1, 0), own: Float32Array.of(1) },
    }
    const b = { ...semantic([1, 0.5, 0, 0.75], [2, 2]), vectors: { image: Float32Array.of(0, 1) } }
    expect(await mean([a, b])).toEqual({
      ...semantic([0.5, 0.5, 0.5, 0.5], [2, 2]),
      vectors: { image: Float32Array.of(0.5, 0.5) },
    })
    expect((await mean([a, b], { weights: [3, 1] })).maps['bce']!.values).toEqual(
      Float32Array.of(0.25, 0.5, 0.75, 0.375),
    )
  })

  it('brings maps to one size, averages there, and gives the size that is asked', async () => {
    const a = semantic([0, 0.5, 1, 0.25], [2, 2], [8, 8])
    const b = semantic([0.5], [1, 1], [8, 8])
    await expect(mean([a, b])).rejects.toThrow('map bce is of 2 × 2 (height × width) in the first member and of 1 × 1')
    const values = Float32Array.of(0.25, 0.5, 0.75, 0.375)
    const { maps } = await mean([a, b], { at: [2, 2], map_size: 'frame' })
    expect(maps['bce']).toEqual({ sizeHw: [8, 8], values: resizeCv2Float(values, [2, 2], [8, 8]) })
    const bytes = await mean([a, b], { at: [2, 2], precision: 'u8' })
    expect(bytes.maps['bce']!.values).toEqual(Uint8Array.of(63, 127, 191, 95))
    expect((await mean([bytes, bytes])).maps['bce']!.values).toEqual(
      Float32Array.of(63 / 255, 127 / 255, 191 / 255, 95 / 255),
    )
  })

  it('drops the member that spreads least exactly when the published rule does', async () => {
    const level = fc.constantFrom(0, 0, 0.1, 0.3, 0.5, 0.51, 0.6, 0.89, 0.9, 0.95, 1).map(Math.fround)
    const member = fc.array(level, { minLength: 6, maxLength: 6 })
    let dropped = 0
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 5 }), async members => {
        const maps = members.map(values => semantic(values, [2, 3]))
        const params = { drop_outlier: { peak_above: 0.5, mean_peak_below: 0.9 } }
        const found = (await mean(maps, params)).maps['bce']!.values
        expect([...found]).toEqual(combinedByHand(members))
        if ([...found].join() !== [...(await mean(maps)).maps['bce']!.values].join()) dropped++
      }),
      { numRuns: 400 },
    )
    expect(dropped).toBeGreaterThan(20)
  })

  it('keeps a member that is alone, and does not count one that weighs nothing', async () => {
    const params = { drop_outlier: { peak_above: 0.5, mean_peak_below: 0.9 } }
    const flat = semantic([0.6, 0.6], [1, 2])
    const steep = semantic([0.8, 0.1], [1, 2])
    expect((await mean([flat], params)).maps['bce']).toEqual(flat.maps['bce'])
    expect((await mean([flat, steep], params)).maps['bce']).toEqual(steep.maps['bce'])
    expect((await mean([flat, steep], { ...params, weights: [1, 0] })).maps['bce']).toEqual(flat.maps['bce'])
  })

  it('refuses members of other images and without a map', async () => {
    await expect(mean([semantic([1], [1, 1]), semantic([1], [1, 1], [2, 2])])).rejects.toThrow(
      'member 1 is of an image of 2 × 2 (height × width), the first of 1 × 1',
    )
    await expect(mean([semantic([1], [1, 1]), { ...semantic([1], [1, 1]), maps: {} }])).rejects.toThrow(
      'member 1 has no map bce',
    )
  })
})

describe('leastSpreadMember', () => {
  it('puts members without a value above 0 last and takes the first of equals', () => {
    expect(positiveSpread([0, -1, 0.2, 0.4])).toBeCloseTo(0.1, 12)
    expect(positiveSpread([0, 0])).toBeNaN()
    expect(
      leastSpreadMember([
        [0, 0],
        [0.1, 0.9],
        [0.5, 0.5],
        [0.7, 0.7],
      ]),
    ).toBe(2)
    expect(
      leastSpreadMember([
        [0, 0],
        [0, 0],
      ]),
    ).toBe(0)
  })
})

describe('activateChannels', () => {
  it('is softmax over all channels, sigmoid of one, or a copy', () => {
    const logits = Float32Array.of(0, 1, 100, 0, Math.log(3), -1000)
    const close = (values: Float32Array, expected: number[]) =>
      expect([...values].map(value => +value.toFixed(5))).toEqual(expected)
    close(activateChannels(logits, 2, 'softmax', [1]), [0.5, 0.52463, 0])
    close(activateChannels(logits, 2, 'softmax', [1, 0]), [0.5, 0.52463, 0, 0.5, 0.47537, 1])
    close(activateChannels(logits, 2, 'sigmoid', [1]), [0.5, 0.75, 0])
    expect(activateChannels(logits, 2, 'none', [0])).toEqual(Float32Array.of(0, 1, 100))
  })
})

describe('semantic/threshold', () => {
  const two = { maps: [{ name: 'bce', classes: [building, road] }] }
  const value: Semantic = {
    frameHw: [3, 4],
    maps: {
      bce: {
        sizeHw: [3, 4],
        values: Float32Array.of(0.9, 0.9, 0, 0.54, 0, 0, 0, 0, 0.2, 0, 0.6, 0.8, ...Array<number>(11).fill(0), 0.7),
      },
    },
    vectors: {},
  }

  it('makes one mask for each class, with the mean probability as score', async () => {
    const { instances } = (await runWith(
      semanticThreshold,
      { maps: value },
      { threshold: Math.fround(0.54) },
      two,
    )) as {
      instances: Instances
    }
    expect([...instances.labels]).toEqual([0, 1])
    expect([...maskAreas(instances.masks)]).toEqual([5, 1])
    expect([...instances.scores].map(score => +score.toFixed(6))).toEqual([0.748, 0.7])
    expect([...instances.boxesXyxy]).toEqual([0, 0, 4, 3, 3, 2, 4, 3])
  })

  it('splits into connected parts, compares as told and by class, and drops the small', async () => {
    const parts = async (params: object) => {
      const { instances } = (await runWith(semanticThreshold, { maps: value }, { parts: 'split', ...params }, two)) as {
        instances: Instances
      }
      return [...instances.labels].map((label, i) => `${label}:${maskAreas(instances.masks)[i]}`)
    }
    expect(await parts({ threshold: Math.fround(0.54) })).toEqual(['0:2', '0:1', '0:2', '1:1'])
    expect(await parts({ threshold: Math.fround(0.54), comparison: '>' })).toEqual(['0:2', '0:2', '1:1'])
    expect(await parts({ threshold: { building: 0.65, road: 0.9 } })).toEqual(['0:2', '0:1'])
    expect(await parts({ threshold: 0.5, min_area_px: 2 })).toEqual(['0:2', '0:2'])
    expect(await parts({ threshold: 1 })).toEqual([])
  })

  it('asks which map is meant when there are several', async () => {
    const several = {
      maps: [
        { name: 'a', classes: [building] },
        { name: 'b', classes: [road] },
      ],
    }
    const check = async (params: object) => {
      const tested = testCheck({ inputs: { maps: [several as never] } })
      return { types: await semanticThreshold.types!(params as never, tested.context), problems: tested.problems }
    }
    expect((await check({})).problems).toEqual([
      { param: 'map', message: 'there are several maps: a, b', fix: 'say which is meant: map: a' },
    ])
    expect((await check({ map: 'c' })).problems[0]!.message).toBe('there is no map c')
    expect((await check({ map: 'b' })).types).toEqual({ instances: { classes: [road] } })
  })
})

describe('semantic/picture', () => {
  const value = semantic([0, 0.5, 0.999, 1], [2, 2], [4, 4])
  const grey = async (params: object) => {
    const { file } = (await runWith(semanticPicture, { maps: value }, params)) as { file: Uint8Array }
    const { data, info } = await sharp(file).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true })
    const { channels, depth } = await sharp(file).metadata()
    expect([channels, depth]).toEqual([1, 'uchar'])
    return { format: info, levels: [...data] }
  }

  it('writes 255ths rounded down, or 0 and 255', async () => {
    expect((await grey({})).levels).toEqual([0, 127, 254, 255])
    expect((await grey({ threshold: 0.5 })).levels).toEqual([0, 255, 255, 255])
    expect((await grey({ format: 'tiff' })).levels).toEqual([0, 127, 254, 255])
    expect((await grey({ map_size: 'frame' })).format).toMatchObject({ width: 4, height: 4, channels: 1 })
  })
})

describe('semantic/negatives', () => {
  it('takes pictures in which neither a pixel nor the image reaches the limit', async () => {
    const item = (peak: number, image: number) => ({
      ...semantic([0, peak], [1, 2]),
      vectors: { image: Float32Array.of(1 - image, image) },
    })
    const maps = collectionOf({
      calm: item(0.1, 0.1),
      edge: item(0.25, 0.1),
      high: item(0.1, 0.5),
      noisy: item(0.9, 0.9),
    })
    const found = await runWith(semanticNegatives, { maps }, { below: 0.25, vector: 'image' })
    expect(found['negatives']).toEqual({ ids: ['calm'] })
    expect(found['positives']).toEqual({ ids: ['edge', 'high', 'noisy'] })
    const pixelsOnly = await runWith(semanticNegatives, { maps }, { below: 0.25 })
    expect(pixelsOnly['negatives']).toEqual({ ids: ['calm', 'high'] })
    await expect(runWith(semanticNegatives, { maps }, { vector: 'image', vector_index: 2 })).rejects.toThrow(
      'item calm has no number 2 of image; there is image (2)',
    )
  })
})

describe('the kind semantic', () => {
  const value: Semantic = {
    frameHw: [4, 6],
    maps: {
      bce: { sizeHw: [2, 3], values: Float32Array.of(0, 0.5, 1, 0, 0, 1) },
      soft: { sizeHw: [1, 2], values: Uint8Array.of(0, 255, 7, 8) },
    },
    vectors: { image: Float32Array.of(-3, 4) },
  }

  it('comes back as it was stored', () => {
    expect(semanticKind.decode(semanticKind.encode(value) as Uint8Array)).toEqual(value)
  })

  it('refuses what is no probability, with its place', () => {
    const spoilt = {
      ...value,
      maps: { bce: { sizeHw: [2, 3] as const, values: Float32Array.of(0, 0, 0, 0, Number.NaN, 0) } },
    }
    expect(() => semanticKind.encode(spoilt)).toThrow('semantic: map bce, class 0, row 1, column 1 is NaN')
    const odd = { ...value, maps: { bce: { sizeHw: [2, 3] as const, values: new Uint8Array(7) } } }
    expect(() => semanticKind.encode(odd)).toThrow(
      'map bce of 2 × 3 (height × width) has 7 values; expected whole planes',
    )
    expect(() => semanticKind.encode({ ...value, vectors: { image: Float32Array.of(1, Infinity) } })).toThrow(
      'number 1 of image is Infinity',
    )
    expect(semanticKind.explainDifference!(facets, { maps: [{ name: 'dice', classes: [road] }] })).toBe(
      'bce of 1 class (Building) against dice of 1 class (Road)',
    )
  })
})
