import { describe, expect, it } from 'vitest'
import { masksNms } from '../../nodes/masks/nms.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const frame = [20, 20] as const
const types = { instances: [classesOf('cat', 'dog'), classesOf('dog', 'cat')] }

async function nms(params: object, first: BoxSpec[], second: BoxSpec[] = []): Promise<[number, number][]> {
  const sources = [boxInstances(frame, first), boxInstances(frame, second)]
  const all = { iou: 0.5, score: 0, rule: 'default', ...params }
  const { instances } = await runNode(masksNms, { instances: sources }, all, typedRun(types))
  const { labels, scores } = instances as Instances
  return [...labels].map((label, index) => [label, scores[index]!])
}

const half = [0, 0, 5, 10] as const
const whole = [0, 0, 10, 10] as const

describe('masks/nms', () => {
  it('meets classes of several sources by id: label 1 of the second source is the cat', async () => {
    const cats = await nms({}, [{ label: 0, score: 0.9, box: whole }], [{ label: 1, score: 0.8, box: whole }])
    expect(cats).toEqual([[0, 0.9]])
    const both = await nms({}, [{ label: 0, score: 0.9, box: whole }], [{ label: 0, score: 0.8, box: whole }])
    expect(both).toEqual([
      [0, 0.9],
      [1, 0.8],
    ])
  })

  it('types its output with the united classes', async () => {
    const check = testCheck({ inputs: types })
    expect(await masksNms.types!({} as never, check.context)).toEqual({ instances: classesOf('cat', 'dog') })
  })

  it('default: drops at IoU equal to the threshold, the first of equal scores wins, best first', async () => {
    const pair: BoxSpec[] = [
      { score: 0.5, box: half },
      { score: 0.8, box: whole },
    ]
    expect(await nms({ iou: 0.5 }, pair)).toEqual([[0, 0.8]])
    expect(await nms({ iou: 0.51 }, pair)).toEqual([
      [0, 0.8],
      [0, 0.5],
    ])
    expect(await nms({}, [{ score: 0.5, box: half }], [{ label: 1, score: 0.5, box: half }])).toHaveLength(1)
  })

  it('openimages-2019: equal scores never drop each other and source order stays', async () => {
    const rule = 'openimages-2019'
    const twins: BoxSpec[] = [
      { score: 0.5, box: half },
      { score: 0.5, box: half },
    ]
    expect(await nms({ rule }, twins)).toHaveLength(2)
    expect(await nms({ rule }, [{ score: 0.5, box: half }], [{ label: 1, score: 0.500001, box: half }])).toEqual([
      [0, 0.500001],
    ])
    const apart: BoxSpec[] = [
      { score: 0.1, box: half },
      { score: 0.9, box: [10, 10, 15, 15] },
    ]
    expect((await nms({ rule }, apart)).map(([, score]) => score)).toEqual([0.1, 0.9])
  })

  it('sartorius: over all classes, only IoU above the threshold drops', async () => {
    const rule = 'sartorius'
    const pair: BoxSpec[] = [
      { label: 0, score: 0.5, box: half },
      { label: 1, score: 0.8, box: whole },
    ]
    expect(await nms({ rule, iou: 0.5 }, pair)).toHaveLength(2)
    expect(await nms({ rule, iou: 0.49 }, pair)).toEqual([[1, 0.8]])
    expect(await nms({ rule, iou: 0.49, class_agnostic: false }, pair)).toHaveLength(2)
  })

  it('takes part above the score only, sartorius also at it', async () => {
    const one: BoxSpec[] = [{ score: 0.5, box: half }]
    expect(await nms({ score: 0.5 }, one)).toEqual([])
    expect(await nms({ score: 0.5, rule: 'openimages-2019' }, one)).toEqual([])
    expect(await nms({ score: 0.5, rule: 'sartorius' }, one)).toHaveLength(1)
  })

  it('drops instances without a pixel', async () => {
    expect(await nms({}, [{ score: 0.9, box: [3, 3, 3, 3] }])).toEqual([])
  })
})
