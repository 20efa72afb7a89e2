import { readFileSync } from 'node:fs'
import { array, assert, asyncProperty, constantFrom, integer, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refillOutlines } from '../../nodes/kernels/outline-refill.ts'
import { countsToMaskSet, maskCounts } from '../../nodes/kernels/rle.ts'
import { decodeCounts, encodeCounts } from '../../nodes/kernels/rle-string.ts'
import { masksDropSmall } from '../../nodes/masks/drop-small.ts'
import { masksNms } from '../../nodes/masks/nms.ts'
import { masksOverlapRemoval } from '../../nodes/masks/overlap-removal.ts'
import { masksRefillOutlines } from '../../nodes/masks/refill-outlines.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { type DenseMask, decoded, denseFrom, encoded, rows } from '../helpers/dense-masks.ts'
import { plainCorrupt, plainProcess } from '../helpers/plain-sartorius.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** Rectangles taken from, or added to, a frame: concave shapes with holes and several parts. */
const shapes = (height: number, width: number, minLength = 1) =>
  array(
    tuple(
      integer({ min: 0, max: width - 1 }),
      integer({ min: 0, max: height - 1 }),
      integer({ min: 1, max: 8 }),
      integer({ min: 1, max: 8 }),
    ),
    { minLength, maxLength: 7 },
  ).map(boxes =>
    denseFrom(
      height,
      width,
      (x, y) => boxes.filter(([left, top, w, h]) => x >= left && x < left + w && y >= top && y < top + h).length % 2,
    ),
  )

describe('redrawn outlines', () => {
  it('equal a plain reading of the program on 600 random masks', () => {
    let changed = 0
    assert(
      property(shapes(15, 17, 4), mask => {
        const drawn = plainCorrupt(mask)
        if (rows(drawn) !== rows(mask)) changed++
        expect(rows(decoded(refillOutlines(encoded(mask))))).toBe(rows(drawn))
      }),
      { numRuns: 600 },
    )
    expect(changed).toBeGreaterThan(200)
  })

  it('equal OpenCV by that plain reading too', () => {
    const { cases } = JSON.parse(readFileSync(new URL('../golden/contours/golden.json', import.meta.url), 'utf8')) as {
      cases: { sizeHw: [number, number]; counts: string; convex: string }[]
    }
    for (const { sizeHw, counts, convex } of cases) {
      const mask = decoded(countsToMaskSet([decodeCounts(counts, sizeHw)], sizeHw))
      expect(encodeCounts(maskCounts(encoded(plainCorrupt(mask)), 0))).toBe(convex)
    }
  })
})

function instancesOf(masks: readonly DenseMask[], scores: readonly number[]): Instances {
  return {
    sizeHw: [masks[0]!.height, masks[0]!.width],
    boxesXyxy: new Float64Array(4 * masks.length),
    scores: Float64Array.from(scores),
    labels: new Int32Array(masks.length),
    masks: encoded(...masks),
  }
}

const rules = record({
  confidence: constantFrom(0, 0.3, 0.5),
  iou: constantFrom(0, 0.1, 0.3),
  smallPx: constantFrom(0, 6, 15),
  small: constantFrom('all' as const, 'smallest' as const),
  type: constantFrom('astro', 'cort'),
})

describe('the post-processing of the Sartorius solution', () => {
  it('equals a plain reading of the program, ties and emptied masks included', async () => {
    const types = classesOf('shsy5y', 'astro', 'cort')
    const objects = array(tuple(shapes(10, 11), constantFrom(0.2, 0.3, 0.5, 0.5, 0.9)), { minLength: 1, maxLength: 7 })
    await assert(
      asyncProperty(objects, rules, async (found, { confidence, iou, smallPx, small, type }) => {
        const masks = found.map(([mask]) => mask)
        const scores = found.map(([, score]) => score)
        const group = { text: type }
        const step = async (node: typeof masksNms, instances: unknown, params: object) => {
          const run = typedRun({ instances: [classesOf('cell')], group: [types] })
          return (await runNode(node, { instances, group }, withDefaults(node, params), run))['instances'] as Instances
        }
        const byType = (value: number) => ({ [type]: value, others: 0.77 })
        let ours = await step(masksNms, [instancesOf(masks, scores)], {
          rule: 'sartorius',
          iou: byType(iou),
          score: byType(confidence),
        })
        ours = await step(masksDropSmall, ours, { area_px: byType(smallPx), rule: small })
        ours = await step(masksRefillOutlines, ours, { classes: ['astro'] })
        ours = await step(masksOverlapRemoval, ours, { emptied: 'keep' })
        const plain = plainProcess(
          masks.map((mask, i) => ({ mask, score: scores[i]! })),
          { confidence, iou, smallPx, small, corrupt: type === 'astro' },
        )
        expect([...ours.scores]).toEqual(plain.map(({ score }) => score))
        expect(plain.map((_, i) => rows(decoded(ours.masks, i)))).toEqual(plain.map(({ mask }) => rows(mask)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('masks/refill-outlines', () => {
  const concave = denseFrom(6, 6, (x, y) => x < 5 && y < 5 && !(x > 0 && x < 4 && y > 0))
  const two: Instances = { ...instancesOf([concave, concave], [0.9, 0.8]), labels: Int32Array.of(0, 1) }
  const filled = rows(plainCorrupt(concave))

  it('redraws the instances of the classes it is given, or all of an image of such a type', async () => {
    const typed = (group: boolean) =>
      typedRun({ instances: [classesOf('astro', 'cort')], ...(group && { group: [classesOf('astro', 'cort')] }) })
    const params = { classes: ['astro'] }
    const own = (await runNode(masksRefillOutlines, { instances: two }, params, typed(false)))['instances'] as Instances
    expect([0, 1].map(i => rows(decoded(own.masks, i)))).toEqual([filled, rows(concave)])
    const inputs = { instances: two, group: { text: 'astro' } }
    const both = (await runNode(masksRefillOutlines, inputs, params, typed(true)))['instances'] as Instances
    expect([0, 1].map(i => rows(decoded(both.masks, i)))).toEqual([filled, filled])
    const all = (await runNode(masksRefillOutlines, { instances: two }, {}, typed(false)))['instances'] as Instances
    expect([0, 1].map(i => rows(decoded(all.masks, i)))).toEqual([filled, filled])
  })

  it('knows before the run that a class does not exist', async () => {
    const check = testCheck({ inputs: { instances: [classesOf('astro')] } })
    await masksRefillOutlines.types!({ classes: ['asto'] } as never, check.context)
    expect(check.problems).toEqual([
      { param: 'classes', message: 'there is no class with the id asto; here are 1 class (astro)' },
    ])
  })
})
