import { readFileSync } from 'node:fs'
import { array, assert, constantFrom, double, integer, oneof, property, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatMasks, emptyMasks, maskCount, selectMasks, validateMaskSet } from '../../nodes/kernels/mask-sets.ts'
import { maskTexts, textsToMaskSet } from '../../nodes/kernels/mask-strings.ts'
import {
  countsToMaskSet,
  decodeDense,
  encodeDense,
  maskAreas,
  maskBoxesXywh,
  maskBoxesXyxy,
  maskCounts,
} from '../../nodes/kernels/rle.ts'
import { decodeCounts, encodeCounts } from '../../nodes/kernels/rle-string.ts'
import { decoded, denseMasks, drawn, encoded, rows, sizeOf } from '../helpers/dense-masks.ts'

interface Frame {
  readonly sizeHw: [number, number]
  readonly counts: string[]
  readonly areas: number[]
  readonly boxesXywh: number[][]
}

const { frames } = JSON.parse(readFileSync(new URL('../golden/masks/golden.json', import.meta.url), 'utf8')) as {
  frames: Frame[]
}

/** Column-major bytes the slow way. */
function spread(counts: Iterable<number>): Uint8Array {
  const bytes: number[] = []
  let value = 0
  for (const count of counts) {
    for (let k = 0; k < count; k++) bytes.push(value)
    value = 1 - value
  }
  return Uint8Array.from(bytes)
}

/** The published vectors of maskApi.c: frame, counts, text, area, box. */
const vectors: [[number, number], number[], string, number, number[]][] = [
  [[4, 5], [20], 'd0', 0, [0, 0, 0, 0]],
  [[4, 5], [0, 20], '0d0', 20, [0, 0, 5, 4]],
  [[4, 5], [5, 2, 2, 2, 2, 2, 5], '5220003', 6, [1, 1, 3, 2]],
  [[3, 3], [0, 1, 8], '018', 1, [0, 0, 1, 1]],
  [[4, 4], [0, 1, 4, 1, 4, 1, 4, 1], '01400000', 4, [0, 0, 4, 4]],
  [[1000, 1000], [123456, 1, 7, 1, 7, 30, 799, 200, 875499], '', 232, [123, 301, 2, 201]],
  [[100, 100], [5, 10, 3, 4, 40, 2, 9936], '5:3JU1NXe9', 16, [0, 5, 1, 59]],
  [[3, 4], [12], '<', 0, [0, 0, 0, 0]],
  [[5, 6], [6, 2, 3, 2, 3, 2, 12], '6230009', 6, [1, 1, 3, 2]],
  [[4, 4], [1, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 1], '11110O10O10O0', 8, [0, 0, 4, 4]],
]

describe('COCO counts', () => {
  it('give the published texts, areas and boxes', () => {
    for (const [sizeHw, counts, text, area, box] of vectors) {
      const masks = countsToMaskSet([counts], sizeHw)
      expect([...maskCounts(masks, 0)]).toEqual(counts)
      if (text !== '') expect(encodeCounts(counts)).toBe(text)
      expect([...decodeCounts(encodeCounts(counts), sizeHw)]).toEqual(counts)
      expect(maskAreas(masks)[0]).toBe(area)
      expect([...maskBoxesXywh(masks)]).toEqual(box)
    }
  })

  it('equal pycocotools in encoding, text, area and box', () => {
    for (const { sizeHw, counts, areas, boxesXywh } of frames) {
      const lists = counts.map(text => decodeCounts(text, sizeHw))
      const masks = countsToMaskSet(lists, sizeHw)
      expect([...maskAreas(masks)]).toEqual(areas)
      expect([...maskBoxesXywh(masks)]).toEqual(boxesXywh.flat())
      counts.forEach((text, i) => {
        const bytes = spread(lists[i]!)
        expect(encodeCounts(maskCounts(encodeDense(bytes, sizeHw, 'column-major'), 0))).toBe(text)
        expect(decodeDense(masks, i, 'column-major')).toEqual(bytes)
      })
    }
  })

  it('drop empty runs, so equal masks are equal sets', () => {
    expect(countsToMaskSet([[2, 0, 1, 2, 0, 3, 4, 0, 0]], [3, 4])).toEqual(countsToMaskSet([[3, 5, 4]], [3, 4]))
  })

  it('are a valid set or an error for any numbers', () => {
    const anything = oneof(integer({ min: -2, max: 30 }), double(), constantFrom(2 ** 32, 2 ** 53, -0))
    assert(
      property(array(array(anything, { maxLength: 8 }), { maxLength: 3 }), lists => {
        try {
          const masks = countsToMaskSet(lists, [5, 6])
          expect(validateMaskSet(masks)).toBeUndefined()
          expect(maskCount(masks)).toBe(lists.length)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })

  it('refuse counts that are no counts and say which', () => {
    expect(() => countsToMaskSet([[12], [3, 4]], [3, 4])).toThrow('mask 1: the counts add up to 7')
    expect(() => countsToMaskSet([[13, -1]], [3, 4])).toThrow('mask 0: count 1 is -1')
    expect(() => countsToMaskSet([[1.5, 10.5]], [3, 4])).toThrow('count 0 is 1.5')
    expect(() => countsToMaskSet([[Number.NaN]], [3, 4])).toThrow('count 0 is NaN')
    expect(() => countsToMaskSet([[1]], [2 ** 20, 2 ** 20])).toThrow('is not a mask size')
  })
})

describe('compressed counts', () => {
  it('come back for any counts', () => {
    const count = constantFrom(0, 1, 15, 16, 31, 511, 512, 16383, 2 ** 24, 2 ** 31, 2 ** 32 - 1)
    assert(
      property(array(integer({ min: 0, max: 2000 })), array(count, { maxLength: 1 }), (small, large) => {
        const counts = [...small, ...large]
        const sum = counts.reduce((total, value) => total + value, 0)
        if (sum > 2 ** 32 - 1) return
        expect([...decodeCounts(encodeCounts(counts), [1, sum])]).toEqual(counts)
      }),
    )
  })

  it('say where a text is cut, has a wrong character or does not fit the frame', () => {
    expect(() => decodeCounts('5:3JU1NXe', [100, 100])).toThrow('ends inside the number that begins at character 7')
    expect(() => decodeCounts('5:3J U1', [100, 100])).toThrow('character 4 of the mask text is " "')
    expect(() => decodeCounts('5:3é', [100, 100])).toThrow('character 3')
    expect(() => decodeCounts('5:3J\u0130', [100, 100])).toThrow('character 4')
    expect(() => decodeCounts('5220003', [4, 6])).toThrow('add up to 20; a 4 x 6 (height x width) mask has 24 pixels')
    expect(() => decodeCounts('O', [4, 6])).toThrow('a length of -1')
    expect(() => decodeCounts('ooooooooo0', [4, 6])).toThrow('too long')
  })

  it('are counts or an error for any text', () => {
    const alphabet = constantFrom(...Array.from({ length: 64 }, (_, k) => String.fromCharCode(48 + k)))
    assert(
      property(string({ unit: alphabet, maxLength: 40 }), integer({ min: 1, max: 50 }), (text, width) => {
        try {
          const counts = decodeCounts(text, [7, width])
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7 * width)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

describe('texts of mask sets', () => {
  it('are those of the counts, there and back', () => {
    for (const { sizeHw, counts } of frames) {
      const masks = countsToMaskSet(
        counts.map(text => decodeCounts(text, sizeHw)),
        sizeHw,
      )
      expect(maskTexts(masks)).toEqual(counts)
      expect(textsToMaskSet(counts, sizeHw)).toEqual(masks)
      expect(
        textsToMaskSet(
          counts.map(text => Buffer.from(text)),
          sizeHw,
        ),
      ).toEqual(masks)
    }
    for (const [sizeHw, counts] of vectors) {
      expect(maskTexts(countsToMaskSet([counts], sizeHw))).toEqual([encodeCounts(counts)])
    }
  })

  it('reach frames of more than 2^31 pixels and drop empty runs', () => {
    const counts = [2 ** 31 + 5, 7, 1, 2 ** 31 - 200000]
    const sizeHw: [number, number] = [2 ** 16, 2 ** 16 - 1]
    const rest = sizeHw[0] * sizeHw[1] - counts.reduce((sum, count) => sum + count, 0)
    expect(maskTexts(textsToMaskSet([encodeCounts([...counts, rest])], sizeHw))).toEqual([
      encodeCounts([...counts, rest]),
    ])
    expect(textsToMaskSet([encodeCounts([2, 0, 1, 2, 0, 3, 4, 0, 0])], [3, 4])).toEqual(
      countsToMaskSet([[3, 5, 4]], [3, 4]),
    )
  })

  it('are refused with the number of the mask and the sentence of decodeCounts', () => {
    expect(() => textsToMaskSet(['<', '5:3J U1'], [3, 4])).toThrow('mask 1: character 4 of the mask text is " "')
    expect(() => textsToMaskSet(['<', '<', '5:3\u0130'], [3, 4])).toThrow('mask 2: character 3')
    const unit = constantFrom(...Array.from({ length: 66 }, (_, k) => String.fromCharCode(47 + k)))
    assert(
      property(string({ unit, maxLength: 24 }), integer({ min: 1, max: 50 }), (text, width) => {
        const attempt = (decode: () => unknown) => {
          try {
            return decode()
          } catch (error) {
            return (error as Error).message.replace('mask 0: ', '')
          }
        }
        const careful = attempt(() => countsToMaskSet([decodeCounts(text, [7, width])], [7, width]))
        expect(attempt(() => textsToMaskSet([text], [7, width]))).toEqual(careful)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('dense masks', () => {
  it('come back from both pixel orders, whatever the foreground byte', () => {
    assert(
      property(denseMasks(1, 40), integer({ min: 1, max: 255 }), ([mask], value) => {
        const size = sizeOf(mask!)
        const masks = encodeDense(
          mask!.pixels.map(bit => bit * value),
          size,
          'row-major',
        )
        expect(validateMaskSet(masks)).toBeUndefined()
        expect(rows(decoded(masks))).toBe(rows(mask!))
        const columnMajor = decodeDense(masks, 0, 'column-major').map(bit => bit * value)
        expect(encodeDense(columnMajor, size, 'column-major')).toEqual(masks)
      }),
    )
  })

  it('count every byte but 0 as foreground, in both orders and at any address', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), integer({ min: 0, max: 7 }), (bytes, shift) => {
        const moved = Buffer.from(new ArrayBuffer(bytes.length + shift), shift)
        moved.set(bytes)
        const binary = bytes.map(byte => (byte > 0 ? 1 : 0))
        const tall = encodeDense(moved, [bytes.length, 1], 'column-major')
        expect(decodeDense(tall, 0, 'column-major')).toEqual(binary)
        if (bytes.length % 4 !== 0) return
        const wide = encodeDense(moved, [4, bytes.length / 4], 'row-major')
        expect(decodeDense(wide, 0, 'row-major')).toEqual(binary)
      }),
    )
  })

  it('may have no pixel at all', () => {
    for (const size of [[0, 5] as const, [5, 0] as const, [0, 0] as const]) {
      const masks = encodeDense(new Uint8Array(0), size, 'row-major')
      expect(maskCounts(masks, 0)).toEqual(Uint32Array.of(0))
      expect([...maskBoxesXyxy(masks)]).toEqual([0, 0, 0, 0])
    }
  })

  it('refuse a wrong number of bytes', () => {
    expect(() => encodeDense(new Uint8Array(5), [2, 3], 'row-major')).toThrow('5 bytes given')
  })
})

describe('maskBoxesXyxy', () => {
  it('gives a run that goes on into the next column the full height', () => {
    // Bottom of column 1 and top of column 2 are one run.
    expect([...maskBoxesXyxy(encoded(drawn('..#/.../.#.')))]).toEqual([1, 0, 3, 3])
    expect([...maskBoxesXyxy(encoded(drawn('.../.#./.#.')))]).toEqual([1, 1, 2, 3])
  })
})

describe('memory', () => {
  it('is under 5 MB for 1,000 masks of a 1080p frame', () => {
    const disc = (x: number, y: number, radius: number) => {
      const counts: number[] = []
      let position = 0
      for (let column = x - radius; column <= x + radius; column++) {
        const half = Math.round(Math.sqrt(radius * radius - (column - x) * (column - x)))
        counts.push(column * 1080 + y - half - position, 2 * half + 1)
        position = column * 1080 + y + half + 1
      }
      return [...counts, 1920 * 1080 - position]
    }
    const discs = Array.from({ length: 1000 }, (_, i) =>
      disc(200 + ((i * 733) % 1500), 200 + ((i * 397) % 680), 20 + (i % 140)),
    )
    const masks = countsToMaskSet(discs, [1080, 1920])
    const bytes = masks.starts.byteLength + masks.ends.byteLength + masks.offsets.byteLength
    expect(validateMaskSet(masks)).toBeUndefined()
    expect(bytes).toBeLessThan(5e6)
    expect(bytes).toBeGreaterThan(1e6)
  })
})

describe('mask sets', () => {
  it('come apart and together again', () => {
    assert(
      property(denseMasks(4), masks => {
        const set = encoded(...masks)
        expect(concatMasks([selectMasks(set, [0, 1]), selectMasks(set, [2, 3])])).toEqual(set)
        const picked = selectMasks(set, [3, 1, 1])
        expect(rows(decoded(picked, 2))).toBe(rows(masks[1]!))
        expect(maskCount(picked)).toBe(3)
      }),
    )
  })

  it('of different frames do not join', () => {
    expect(() => concatMasks([emptyMasks([2, 3], 1), emptyMasks([3, 2], 1)])).toThrow('cannot join')
    expect(() => concatMasks([])).toThrow('no frame size')
  })

  it('are found valid only if every kernel can read them', () => {
    const positions = array(integer({ min: 0, max: 22 }), { maxLength: 6 }).map(list => Uint32Array.from(list))
    assert(
      property(positions, positions, positions, (starts, ends, offsets) => {
        const masks = { sizeHw: [4, 5] as const, starts, ends, offsets }
        if (validateMaskSet(masks) !== undefined) return
        for (let i = 0; i < maskCount(masks); i++) {
          const again = encodeDense(decodeDense(masks, i, 'row-major'), [4, 5], 'row-major')
          expect(again.starts).toEqual(selectMasks(masks, [i]).starts)
          expect(again.ends).toEqual(selectMasks(masks, [i]).ends)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('name the first mask that breaks a rule', () => {
    const set = (starts: number[], ends: number[], offsets: number[]) =>
      validateMaskSet({
        sizeHw: [4, 5],
        starts: Uint32Array.from(starts),
        ends: Uint32Array.from(ends),
        offsets: Uint32Array.from(offsets),
      })
    expect(set([1, 5], [3, 20], [0, 1, 2])).toBeUndefined()
    expect(set([1, 5], [3, 5], [0, 1, 2])).toBe('mask 1: run 0 is empty (5 to 5)')
    expect(set([1, 3], [3, 5], [0, 2])).toContain('mask 0: run 1 begins at 3')
    expect(set([5, 1], [7, 3], [0, 2])).toContain('mask 0: run 1 begins at 1')
    expect(set([1], [21], [0, 1])).toContain('mask 0: its last run ends at 21')
    expect(set([1, 5], [3, 6], [0, 1])).toBe('2 runs but the masks use 1')
    expect(set([1], [3], [0, 2])).toContain('mask 0: its runs 0 to 2 do not exist')
    expect(set([1], [3], [1, 1])).toBe('mask offsets do not begin with 0')
    expect(set([1], [3, 4], [0, 1])).toBe('1 run starts but 2 run ends')
    expect(validateMaskSet(emptyMasks([-1, 5], 0))).toContain('frame of the masks')
  })
})
