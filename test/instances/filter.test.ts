import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instancesFilter } from '../../nodes/instances/filter.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const classes = classesOf('cat', 'dog', 'bus')
const instances = boxInstances(
  [20, 20],
  [
    { label: 2, score: 0.5, box: [0, 0, 2, 2] },
    { label: 0, score: 0.75, box: [0, 0, 4, 4] },
    { label: 1, score: 0.5, box: [0, 0, 3, 3] },
    { label: 0, score: 0.25, box: [0, 0, 10, 10] },
  ],
)

async function filter(params: object, source: Instances = instances): Promise<Instances> {
  const run = typedRun({ instances: [classes] })
  const all = { min_area_px: 0, ...params }
  return (await runNode(instancesFilter, { instances: source }, all, run))['instances'] as Instances
}

describe('instances/filter', () => {
  it.each([
    ['nothing asked: everything', {}, [0.5, 0.75, 0.5, 0.25]],
    ['min_score keeps equality', { min_score: 0.5 }, [0.5, 0.75, 0.5]],
    ['above_score does not', { above_score: 0.5 }, [0.75]],
    ['max_score keeps equality', { max_score: 0.5 }, [0.5, 0.5, 0.25]],
    ['areas include both ends', { min_area_px: 9, max_area_px: 16 }, [0.75, 0.5]],
    ['classes', { classes: ['cat'] }, [0.75, 0.25]],
    ['drop_classes', { drop_classes: ['cat'] }, [0.5, 0.5]],
    ['the best of an image, ties to the earlier, in source order', { max_per_image: 2 }, [0.5, 0.75]],
    ['the cap counts what passed the other tests', { max_per_image: 1, max_score: 0.5 }, [0.5]],
    ['a cap of none', { max_per_image: 0 }, []],
    ['a score by class', { min_score: { cat: 0.8, others: 0.5 } }, [0.5, 0.5]],
    ['areas by class', { min_area_px: { cat: 20, dog: 9, bus: 9 } }, [0.5, 0.25]],
  ])('%s', async (_name, params, scores) => {
    expect([...(await filter(params)).scores]).toEqual(scores)
  })

  it('shrinks the class list to the classes kept and re-indexes labels', async () => {
    const params = { min_area_px: 0, classes: ['bus', 'dog'] }
    const check = testCheck({ inputs: { instances: [classes] } })
    expect(await instancesFilter.types!(params as never, check.context)).toEqual({ instances: classesOf('dog', 'bus') })
    expect([...(await filter(params)).labels]).toEqual([1, 0])
  })

  it('takes the limits of the image where its type is bound', async () => {
    const run = typedRun({ instances: [classes], group: [classesOf('day', 'night')] })
    const params = { min_area_px: 0, above_score: { day: 0.6, night: 0.3 } }
    const inputs = { instances, group: { text: 'night' } }
    const found = (await runNode(instancesFilter, inputs, params, run))['instances'] as Instances
    expect([...found.scores]).toEqual([0.5, 0.75, 0.5])
  })

  it('uses the stated area of ground truth', async () => {
    const truth = { ...instances, areasPx: Float64Array.of(100, 1, 1, 1) }
    expect([...(await filter({ min_area_px: 50 }, truth)).scores]).toEqual([0.5])
  })

  it('suggests the id when a name or a slip was written', async () => {
    const named = { classes: [{ id: '/m/01yrx', name: 'Cat' }] }
    const check = testCheck({ inputs: { instances: [named] } })
    await instancesFilter.types!({ classes: ['Cat'], drop_classes: ['/m/01yrz'] } as never, check.context)
    expect(check.problems).toMatchObject([
      { param: 'classes', fix: '/m/01yrx' },
      { param: 'drop_classes', fix: '/m/01yrx' },
    ])
  })

  it('keeps exactly the best k of any scores, as a full stable sort would', () => {
    const scores = fc.array(fc.constantFrom(0.1, 0.2, 0.3, 0.4), { maxLength: 12 })
    return fc.assert(
      fc.asyncProperty(scores, fc.nat(6), async (list, k) => {
        const source = boxInstances(
          [9, 9],
          list.map(score => ({ score, box: [0, 0, 1, 1] as const })),
        )
        const best = list
          .map((score, index) => ({ score, index }))
          .sort((a, b) => b.score - a.score || a.index - b.index)
          .slice(0, k)
          .sort((a, b) => a.index - b.index)
        expect([...(await filter({ max_per_image: k }, source)).scores]).toEqual(best.map(({ score }) => score))
      }),
      { numRuns: 50 },
    )
  })
})
