import { describe, expect, it } from 'vitest'
import { instancesConcat } from '../../nodes/instances/concat.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const frame = [10, 10] as const
const cats = boxInstances(frame, [{ label: 0, score: 0.5, box: [0, 0, 2, 2] }])
const more = boxInstances(frame, [
  { label: 0, score: 0.9, box: [3, 3, 5, 5] },
  { label: 1, score: 0.8, box: [6, 0, 9, 9] },
])
const types = { instances: [classesOf('cat', 'dog'), classesOf('bus', 'cat')] }

async function concat(...parts: (Instances | undefined)[]): Promise<Instances> {
  return (await runNode(instancesConcat, { instances: parts }, {}, typedRun(types)))['instances'] as Instances
}

describe('instances/concat', () => {
  it('unites class lists by id and re-indexes labels, source after source', async () => {
    const check = testCheck({ inputs: types })
    expect(await instancesConcat.types!({} as never, check.context)).toEqual({
      instances: classesOf('cat', 'dog', 'bus'),
    })
    const all = await concat(cats, more)
    expect([...all.labels]).toEqual([0, 2, 0])
    expect([...all.scores]).toEqual([0.5, 0.9, 0.8])
    expect(all.masks.offsets).toHaveLength(4)
  })

  it('keeps the label map of a source when another has nothing for this image', async () => {
    const all = await concat(undefined, more)
    expect([...all.labels]).toEqual([2, 0])
  })

  it('fills in marks that only some sources carry: no crowd, the area of the mask', async () => {
    const all = await concat({ ...cats, crowd: Uint8Array.of(1), areasPx: Float64Array.of(3.5) }, more)
    expect([...all.crowd!]).toEqual([1, 0, 0])
    expect([...all.areasPx!]).toEqual([3.5, 4, 27])
    expect(all.groupOf).toBeUndefined()
  })

  it('refuses frames of different size', async () => {
    await expect(concat(cats, boxInstances([10, 12], []))).rejects.toThrow('12 × 10 frame (input 1)')
  })
})
