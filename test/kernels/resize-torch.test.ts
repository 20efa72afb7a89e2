import { array, assert, constantFrom, integer, property, tuple, uint8Array } from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Flip } from '../../nodes/kernels/box-geometry.ts'
import { type Normalisation, resizeTorch, torchResizedHw } from '../../nodes/kernels/resize-torch.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import { golden, inferenceRun, largestDifference, scene } from '../helpers/scene.ts'

const imagenet: Normalisation = {
  channelOrder: 'rgb',
  valueRange: [0, 1],
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** The definition, pixel by pixel: mirror, then for each output pixel the four neighbours. */
function plain(rgb: Uint8Array, [h, w]: [number, number], [oh, ow]: [number, number], n: Normalisation, flip: Flip) {
  const f = Math.fround
  const at = (y: number, x: number, plane: number) => {
    const row = flip === 'vertical' ? h - 1 - y : y
    const column = flip === 'horizontal' ? w - 1 - x : x
    const byte = rgb[(row * w + column) * 3 + (n.channelOrder === 'rgb' ? plane : 2 - plane)]!
    return ((n.valueRange[1] === 1 ? byte / 255 : byte) - n.mean[plane]!) / n.std[plane]!
  }
  const axis = (i: number, size: number, out: number) => {
    const position = Math.max(0, f(f((i + 0.5) * f(size / out)) - 0.5))
    const low = Math.min(Math.floor(position), size - 1)
    return { low, high: Math.min(low + 1, size - 1), share: position - low }
  }
  return (plane: number, y: number, x: number) => {
    if (y >= oh || x >= ow) return 0
    const v = axis(y, h, oh)
    const u = axis(x, w, ow)
    const top = at(v.low, u.low, plane) * (1 - u.share) + at(v.low, u.high, plane) * u.share
    const bottom = at(v.high, u.low, plane) * (1 - u.share) + at(v.high, u.high, plane) * u.share
    return top * (1 - v.share) + bottom * v.share
  }
}

describe('resizeTorch', () => {
  it('equals the definition at every pixel, for any sizes, flips, orders and ranges', () => {
    const side = integer({ min: 1, max: 9 })
    const picture = tuple(side, side).chain(([h, w]) =>
      tuple(uint8Array({ minLength: 3 * h * w, maxLength: 3 * h * w }), constantFrom<[number, number]>([h, w])),
    )
    const flips = constantFrom<Flip>('none', 'horizontal', 'vertical')
    const order = constantFrom<'rgb' | 'bgr'>('rgb', 'bgr')
    const range = constantFrom<[number, number]>([0, 1], [0, 255])
    assert(
      property(
        picture,
        tuple(side, side),
        flips,
        order,
        range,
        ([rgb, sizeHw], outHw, flip, channelOrder, valueRange) => {
          const rule = { ...imagenet, channelOrder, valueRange }
          const { dims, data } = resizeTorch(rgb, sizeHw, outHw, 4, rule, flip)
          expect(dims).toEqual([1, 3, Math.ceil(outHw[0] / 4) * 4, Math.ceil(outHw[1] / 4) * 4])
          const value = plain(rgb, sizeHw, outHw, rule, flip)
          const tolerance = valueRange[1] === 1 ? 1e-5 : 1e-3
          for (let plane = 0; plane < 3; plane++)
            for (let y = 0; y < dims[2]; y++)
              for (let x = 0; x < dims[3]; x++) {
                const found = data[(plane * dims[2] + y) * dims[3] + x]!
                expect(Math.abs(found - value(plane, y, x))).toBeLessThan(tolerance)
              }
        },
      ),
      { numRuns: 60 },
    )
  })

  describe('on the golden picture', () => {
    let rgb: Uint8Array
    beforeAll(async () => {
      const run = await inferenceRun()
      rgb = (await readRgb(scene, run.context)).rgb
      await run.close()
    })

    it.each([240, 128])('differs from NumPy float32 by less than 1e-5 at %i px', shorter => {
      const sizeHw = torchResizedHw([240, 320], shorter, 768)
      const { data } = resizeTorch(rgb, [240, 320], sizeHw, 32, imagenet)
      const expected = golden(`L1-${shorter}`).get('input_every_17th')!.data
      const found = Float32Array.from(expected, (_, i) => data[17 * i]!)
      expect(largestDifference(found, expected)).toBeLessThan(1e-5)
    })
  })
})

describe('torchResizedHw', () => {
  it('rounds down the double product of a float32 scale', () => {
    expect(torchResizedHw([240, 320], 240, 1000)).toEqual([240, 320])
    // fround(0.7) · 320 = 223.99999…
    expect(torchResizedHw([320, 320], 224, 1000)).toEqual([223, 223])
    expect(torchResizedHw([10, 320], 7, 1000)).toEqual([6, 223])
  })

  it('limits the longer side and never falls to zero', () => {
    expect(torchResizedHw([480, 640], 800, 1000)).toEqual([750, 1000])
    expect(torchResizedHw([1, 5000], 100, 500)).toEqual([1, 500])
  })

  it('keeps both sides within the limits', () => {
    assert(
      property(array(integer({ min: 1, max: 3000 }), { minLength: 4, maxLength: 4 }), ([h, w, shorter, longer]) => {
        const [outH, outW] = torchResizedHw([h!, w!], shorter!, longer!)
        expect(Math.min(outH, outW)).toBeLessThanOrEqual(Math.max(1, shorter!))
        expect(Math.max(outH, outW)).toBeLessThanOrEqual(Math.max(1, longer!))
      }),
    )
  })
})
