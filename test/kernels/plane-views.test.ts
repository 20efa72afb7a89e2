import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Flip } from '../../nodes/kernels/box-geometry.ts'
import { flipPlane, type PlaneView, transposePlane, undoView } from '../../nodes/kernels/plane-views.ts'

const flips: readonly Flip[] = ['none', 'horizontal', 'vertical', 'rotate-180']
const views = flips.flatMap(flip => [false, true].map(transpose => ({ flip, transpose })))

/** Slow and plain: rows as lists, one step after the other as a person would write them. */
type Rows = readonly (readonly number[])[]
const mirrored = (rows: Rows, flip: Flip): Rows => {
  const leftRight = flip === 'horizontal' || flip === 'rotate-180' ? rows.map(row => [...row].reverse()) : rows
  return flip === 'vertical' || flip === 'rotate-180' ? [...leftRight].reverse() : leftRight
}
const turned = (rows: Rows): Rows => rows[0]!.map((_, x) => rows.map(row => row[x]!))
const seen = (rows: Rows, { flip, transpose }: PlaneView): Rows =>
  transpose ? turned(mirrored(rows, flip)) : mirrored(rows, flip)
const plane = (rows: Rows) => Float32Array.from(rows.flat())
const sizeOf = (rows: Rows) => [rows.length, rows[0]!.length] as const

const rowsArbitrary = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([height, width]) =>
    fc.array(fc.array(fc.nat(99), { minLength: width, maxLength: width }), { minLength: height, maxLength: height }),
  )

describe('undoView', () => {
  it.each(views)('brings a $flip picture, transposed: $transpose, back to where it was', view => {
    fc.assert(
      fc.property(rowsArbitrary, rows => {
        const inView = seen(rows, view)
        const back = undoView(plane(inView), sizeOf(inView), view)
        expect(back.sizeHw).toEqual(sizeOf(rows))
        expect([...back.plane]).toEqual(rows.flat())
      }),
    )
  })

  it('undoes any chain of views, the last one first', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.array(fc.constantFrom(...views), { maxLength: 8 }), (rows, chain) => {
        let shown: Rows = rows
        for (const view of chain) shown = seen(shown, view)
        let now: ReturnType<typeof undoView> = { plane: plane(shown), sizeHw: sizeOf(shown) }
        for (const view of [...chain].reverse()) now = undoView(now.plane, now.sizeHw, view)
        expect([...now.plane]).toEqual(rows.flat())
      }),
    )
  })

  it('turns the map by 180° in the published order when one axis of a transposed view is mirrored', () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]
    const published = (flip: Flip) => {
      const inView = seen(rows, { flip, transpose: true })
      return [...undoView(plane(inView), [3, 3], { flip, transpose: true }, 'published').plane].join('')
    }
    expect(flips.map(published)).toEqual(['123456789', '987654321', '987654321', '123456789'])
  })

  it('is the same in both orders for views that are not transposed', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.constantFrom(...flips), (rows, flip) => {
        const view = { flip, transpose: false }
        const inView = plane(seen(rows, view))
        expect(undoView(inView, sizeOf(rows), view, 'published')).toEqual(undoView(inView, sizeOf(rows), view))
      }),
    )
  })
})

describe('flipPlane and transposePlane', () => {
  it('move whole pixels of interleaved pictures', () => {
    const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i)
    expect([...flipPlane(rgb, [2, 3], 'horizontal', 3)]).toEqual([
      6, 7, 8, 3, 4, 5, 0, 1, 2, 15, 16, 17, 12, 13, 14, 9, 10, 11,
    ])
    expect([...transposePlane(rgb, [2, 3], 3)]).toEqual([0, 1, 2, 9, 10, 11, 3, 4, 5, 12, 13, 14, 6, 7, 8, 15, 16, 17])
  })
})
