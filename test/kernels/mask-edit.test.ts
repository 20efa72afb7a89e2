import { assert, constantFrom, double, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectedComponents, fillHoles, largestComponents } from '../../nodes/kernels/components.ts'
import { labelMapToMasks, masksToLabelMap } from '../../nodes/kernels/label-map.ts'
import { maskCount } from '../../nodes/kernels/mask-sets.ts'
import { voteMasks } from '../../nodes/kernels/mask-vote.ts'
import { dilateMasks, erodeMasks } from '../../nodes/kernels/morphology.ts'
import { removeOverlaps } from '../../nodes/kernels/overlap-removal.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { largeEnough } from '../../nodes/kernels/small-objects.ts'
import { type DenseMask, decoded, denseFrom, denseMasks, drawn, encoded, pixel, rows } from '../helpers/dense-masks.ts'

/** Flood fill from (x, y) over pixels of value `value`. */
function flood(mask: DenseMask, x: number, y: number, value: number, corners: boolean, into: Uint8Array): void {
  const stack = [[x, y] as const]
  while (stack.length > 0) {
    const [cx, cy] = stack.pop()!
    if (cx < 0 || cy < 0 || cx >= mask.width || cy >= mask.height) continue
    if (pixel(mask, cx, cy) !== value || into[cy * mask.width + cx]) continue
    into[cy * mask.width + cx] = 1
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) if (corners || dx === 0 || dy === 0) stack.push([cx + dx, cy + dy])
    }
  }
}

function plainComponents(mask: DenseMask, corners: boolean): string[] {
  const seen = new Uint8Array(mask.pixels.length)
  const found: string[] = []
  for (let y = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++) {
      if (!pixel(mask, x, y) || seen[y * mask.width + x]) continue
      const pixels = new Uint8Array(mask.pixels.length)
      flood(mask, x, y, 1, corners, pixels)
      for (let k = 0; k < pixels.length; k++) seen[k]! |= pixels[k]!
      found.push(rows({ ...mask, pixels }))
    }
  }
  return found
}

const all = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

describe('connectedComponents', () => {
  it('equals a flood fill, in reading order', () => {
    assert(
      property(denseMasks(1, 12), constantFrom(4 as const, 8 as const), ([mask], connectivity) => {
        const parts = connectedComponents(encoded(mask!), 0, connectivity)
        const found = all(maskCount(parts), i => rows(decoded(parts, i)))
        expect(found).toEqual(plainComponents(mask!, connectivity === 8))
      }),
    )
  })

  it('joins two arms that meet only at the far end', () => {
    expect(maskCount(connectedComponents(encoded(drawn('#####/#..../##.##/#...#/#####')), 0, 4))).toBe(1)
  })
})

describe('largestComponents', () => {
  it('keeps the part with most pixels, the first of equals, and leaves empty masks empty', () => {
    const kept = largestComponents(
      encoded(drawn('#..##/....#/##...'), drawn('##.##/...../##...'), drawn('...../...../.....')),
      4,
    )
    expect(all(3, i => rows(decoded(kept, i)))).toEqual(['00011/00001/00000', '11000/00000/00000', '00000/00000/00000'])
  })
})

describe('fillHoles', () => {
  it('equals filling what a flood from the edge does not reach', () => {
    assert(
      property(denseMasks(1, 12), constantFrom(4 as const, 8 as const), ([mask], connectivity) => {
        const reached = new Uint8Array(mask!.pixels.length)
        for (let y = 0; y < mask!.height; y++) {
          for (let x = 0; x < mask!.width; x++) {
            const edge = x === 0 || y === 0 || x === mask!.width - 1 || y === mask!.height - 1
            if (edge) flood(mask!, x, y, 0, connectivity === 8, reached)
          }
        }
        const expected = rows({ ...mask!, pixels: reached.map(value => 1 - value) })
        expect(rows(decoded(fillHoles(encoded(mask!), connectivity)))).toBe(expected)
      }),
    )
  })
})

describe('dilateMasks and erodeMasks', () => {
  const inside = (shape: string, radius: number, dx: number, dy: number) =>
    shape === 'square' || (shape === 'cross' ? dx === 0 || dy === 0 : dx * dx + dy * dy <= radius * radius)

  const plain = (mask: DenseMask, shape: string, radius: number, grow: boolean, outside: number) =>
    denseFrom(mask.height, mask.width, (x, y) => {
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          if (!inside(shape, radius, dx, dy)) continue
          const out = x + dx < 0 || y + dy < 0 || x + dx >= mask.width || y + dy >= mask.height
          const value = out ? outside : pixel(mask, x + dx, y + dy)
          if (grow ? value === 1 : value === 0) return grow
        }
      }
      return !grow
    })

  it('equal a loop over the neighbourhood of every pixel', () => {
    const shapes = constantFrom('square' as const, 'cross' as const, 'disk' as const)
    assert(
      property(denseMasks(1, 12), shapes, integer({ min: 0, max: 3 }), ([mask], shape, radiusPx) => {
        const set = encoded(mask!)
        const neighbourhood = { shape, radiusPx }
        expect(rows(decoded(dilateMasks(set, neighbourhood)))).toBe(rows(plain(mask!, shape, radiusPx, true, 0)))
        for (const [outside, value] of [['background', 0] as const, ['foreground', 1] as const]) {
          const eroded = decoded(erodeMasks(set, neighbourhood, outside))
          expect(rows(eroded)).toBe(rows(plain(mask!, shape, radiusPx, false, value)))
        }
      }),
    )
  })
})

describe('removeOverlaps', () => {
  it('gives every pixel to the first mask in the order that has it', () => {
    assert(
      property(denseMasks(5), masks => {
        const order = [3, 0, 4, 1, 2]
        const result = removeOverlaps(encoded(...masks), order)
        const owner = (x: number, y: number) => order.find(i => pixel(masks[i]!, x, y))
        for (let i = 0; i < masks.length; i++) {
          const expected = denseFrom(masks[i]!.height, masks[i]!.width, (x, y) => owner(x, y) === i)
          expect(rows(decoded(result, i))).toBe(rows(expected))
        }
      }),
    )
  })
})

describe('voteMasks', () => {
  it('equals the weighted mean pixel by pixel', () => {
    const weights = tuple(...all(4, () => double({ min: 0, max: 1, noNaN: true })))
    assert(
      property(denseMasks(4), weights, constantFrom('>' as const, '>=' as const), (masks, scores, comparison) => {
        let total = 0
        for (const score of scores) total += score
        const expected = denseFrom(masks[0]!.height, masks[0]!.width, (x, y) => {
          let sum = 0
          for (let i = 0; i < 4; i++) sum += scores[i]! * pixel(masks[i]!, x, y)
          return total > 0 && (comparison === '>' ? sum / total > 0.5 : sum / total >= 0.5)
        })
        expect(rows(decoded(voteMasks(encoded(...masks), scores, 0.5, comparison)))).toBe(rows(expected))
      }),
    )
  })

  it('needs more than half with >, and half is enough with >=', () => {
    const masks = encoded(drawn('##..'), drawn('.##.'))
    expect(rows(decoded(voteMasks(masks, [0.4, 0.4], 0.5)))).toBe('0100')
    expect(rows(decoded(voteMasks(masks, [0.4, 0.4], 0.5, '>=')))).toBe('1110')
  })
})

describe('label maps', () => {
  it('come back from masks that do not overlap', () => {
    assert(
      property(denseMasks(3), masks => {
        const labels = masks[0]!.pixels.map((_, k) => masks[0]!.pixels[k]! * 7 + masks[1]!.pixels[k]! * 40)
        const { masks: set, values } = labelMapToMasks(labels, [masks[0]!.height, masks[0]!.width])
        expect([...values]).toEqual([...new Set(labels)].filter(value => value > 0).sort((a, b) => a - b))
        const map = masksToLabelMap(set, 'first')
        expect([...map].map(number => (number === 0 ? 0 : values[number - 1]))).toEqual([...labels])
        expect(maskAreas(set).reduce((sum, area) => sum + area, 0)).toBe(labels.filter(value => value > 0).length)
      }),
    )
  })

  it('let the first or the last mask win where two overlap', () => {
    const masks = encoded(drawn('##./##.'), drawn('.##/.##'))
    expect([...masksToLabelMap(masks, 'first')]).toEqual([1, 1, 2, 1, 1, 2])
    expect([...masksToLabelMap(masks, 'last')]).toEqual([1, 2, 2, 1, 2, 2])
  })
})

describe('largeEnough', () => {
  const areas = Float64Array.of(30, 5, 70, 5, 12)

  it('drops every small mask, or only those of the smallest area', () => {
    expect([...largeEnough(areas, 30, 'all')]).toEqual([2])
    expect([...largeEnough(areas, 30, 'smallest')]).toEqual([0, 2, 4])
    expect([...largeEnough(areas, 4, 'smallest')]).toEqual([0, 1, 2, 3, 4])
  })

  it('keeps all at a limit of 0, and the first when asked and none is large', () => {
    expect([...largeEnough(Float64Array.of(0, 3), 0, 'all')]).toEqual([0, 1])
    expect([...largeEnough(areas, 100, 'all')]).toEqual([])
    expect([...largeEnough(areas, 100, 'all', { keepOne: true })]).toEqual([0])
  })
})
