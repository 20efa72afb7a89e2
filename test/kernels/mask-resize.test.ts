import { readFileSync } from 'node:fs'
import { assert, constantFrom, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cv2Taps, resizePlane, torchTaps } from '../../nodes/kernels/linear-taps.ts'
import { resizeMasksBilinear, resizeMasksNearest } from '../../nodes/kernels/mask-resize.ts'
import { decoded, denseFrom, denseMasks, encoded, pixel, rows, sizeOf, sizes } from '../helpers/dense-masks.ts'

interface NearestCase {
  readonly from: number
  readonly to: number
  readonly cv2: readonly number[]
  readonly pil: readonly number[]
  readonly torch: readonly number[]
}

const nearest = JSON.parse(readFileSync(new URL('../golden/resize/nearest.json', import.meta.url), 'utf8')) as {
  cases: NearestCase[]
}

describe('resizeMasksNearest', () => {
  for (const rule of ['cv2', 'pil', 'torch'] as const) {
    it(`copies the samples that ${rule} copies, along both axes`, () => {
      for (const { from, to, [rule]: copied } of nearest.cases) {
        const row = denseFrom(1, from, x => (x * 7919) % 13 < 6)
        const wide = decoded(resizeMasksNearest(encoded(row), [1, to], rule))
        expect([from, to, ...wide.pixels]).toEqual([from, to, ...copied.map(x => pixel(row, x, 0))])
        const column = denseFrom(from, 1, (_, y) => (y * 7919) % 13 < 6)
        const tall = decoded(resizeMasksNearest(encoded(column), [to, 1], rule))
        expect(tall.pixels).toEqual(wide.pixels)
      }
    })
  }

  it('gives a doubled mask back when it is halved', () => {
    assert(
      property(denseMasks(2), masks => {
        const [height, width] = sizeOf(masks[0]!)
        const doubled = resizeMasksNearest(encoded(...masks), [2 * height, 2 * width], 'pil')
        const back = resizeMasksNearest(doubled, [height, width], 'cv2')
        for (let i = 0; i < 2; i++) expect(rows(decoded(back, i))).toBe(rows(masks[i]!))
      }),
    )
  })
})

describe('resizeMasksBilinear', () => {
  it('equals resizing the whole picture of 0 and 1', () => {
    assert(
      property(
        denseMasks(2, 12),
        sizes(20),
        constantFrom('cv2' as const, 'torch' as const),
        (masks, toHw, semantics) => {
          const resized = resizeMasksBilinear(encoded(...masks), toHw, 0.4, semantics)
          masks.forEach((mask, i) => {
            const [height, width] = sizeOf(mask)
            const [rowTaps, columnTaps] =
              semantics === 'cv2'
                ? [cv2Taps(height, toHw[0], 'rows'), cv2Taps(width, toHw[1], 'columns')]
                : [torchTaps(height, toHw[0]), torchTaps(width, toHw[1])]
            const values = resizePlane(Float32Array.from(mask.pixels), [height, width], rowTaps, columnTaps)
            const expected = denseFrom(toHw[0], toHw[1], (x, y) => values[y * toHw[1] + x]! > Math.fround(0.4))
            expect(rows(decoded(resized, i))).toBe(rows(expected))
          })
        },
      ),
    )
  })
})
