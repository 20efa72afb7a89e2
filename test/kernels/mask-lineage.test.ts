import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { iouPairs, maskIntersections, maskIou, maskIouAmong } from '../../nodes/kernels/mask-iou.ts'
import { withLineage } from '../../nodes/kernels/mask-lineage.ts'
import { maskNms } from '../../nodes/kernels/mask-nms.ts'
import { selectMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { denseFrom, encoded } from '../helpers/dense-masks.ts'

/** Rectangles of a 12 × 10 frame, some of them empty. */
const rectangle = fc
  .tuple(fc.nat(9), fc.nat(11), fc.nat(6), fc.nat(6))
  .map(([left, top, width, height]) =>
    denseFrom(12, 10, (x, y) => x >= left && x < left + width && y >= top && y < top + height),
  )

const masks = fc.array(rectangle, { minLength: 1, maxLength: 8 }).map(list => encoded(...list))

/** A set, and positions in it that may come more than once. */
const picked = masks.chain(set =>
  fc.tuple(fc.constant(set), fc.array(fc.nat(set.offsets.length - 2), { maxLength: 8 })),
)

const rooted = (set: MaskSet) => withLineage(set, maskAreas(set))

/** Without what the symbol says, runs copied. */
const plain = ({ sizeHw, starts, ends, offsets }: MaskSet): MaskSet => ({ sizeHw, starts, ends, offsets })

describe('masks that remember where they come from', () => {
  it('are the same masks through every selection', () => {
    fc.assert(
      fc.property(picked, fc.array(fc.nat(7), { maxLength: 5 }), ([set, first], then) => {
        const second = then.filter(k => k < first.length)
        const expected = selectMasks(selectMasks(set, first), second)
        const found = selectMasks(selectMasks(rooted(set), first), second)
        expect(plain(found)).toEqual(plain(expected))
        expect(maskAreas(found)).toEqual(maskAreas(expected))
      }),
    )
  })

  it('overlap as others do, however often they are asked', () => {
    fc.assert(
      fc.property(picked, picked, ([a, rows], [b, columns]) => {
        const [rootA, rootB] = [rooted(a), rooted(b)]
        const expected = maskIou(selectMasks(a, rows), selectMasks(b, columns))
        for (let time = 0; time < 2; time++) {
          expect(maskIou(selectMasks(rootA, rows), selectMasks(rootB, columns))).toEqual(expected)
          expect(maskIouAmong(rootA, rows, rootB, columns)).toEqual(expected)
        }
        expect(maskIouAmong(a, rows, b, columns)).toEqual(expected)
        expect(maskIntersections(rootA, rootA)).toEqual(maskIntersections(a, a))
      }),
    )
  })

  it('give the pairs that overlap, and no others', () => {
    fc.assert(
      fc.property(picked, picked, fc.boolean(), ([a, rows], [b, columns], remembered) => {
        const sets: readonly [MaskSet, MaskSet] = remembered ? [rooted(a), rooted(b)] : [a, b]
        const { offsets, columns: places, values } = iouPairs(sets[0], rows, sets[1], columns)
        const matrix = new Float64Array(rows.length * columns.length)
        for (let i = 0; i < rows.length; i++)
          for (let k = offsets[i]!; k < offsets[i + 1]!; k++) matrix[i * columns.length + places[k]!] = values[k]!
        expect(matrix).toEqual(maskIou(selectMasks(a, rows), selectMasks(b, columns)))
        expect(values.every(iou => iou > 0)).toBe(true)
      }),
    )
  })

  it('drop each other as others do', () => {
    const rules = fc.constantFrom('default', 'openimages-2019', 'sartorius')
    const thresholds = fc.constantFrom(0, 0.1, 0.5, 1)
    const scores = fc.array(fc.constantFrom(0.1, 0.5, 0.9), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(picked, scores, rules, thresholds, ([set, indices], drawn, rule, threshold) => {
        const own = Float64Array.from(indices, (_, i) => drawn[i]!)
        const expected = maskNms(selectMasks(set, indices), own, threshold, { rule })
        expect(maskNms(selectMasks(rooted(set), indices), own, threshold, { rule })).toEqual(expected)
      }),
    )
  })
})
