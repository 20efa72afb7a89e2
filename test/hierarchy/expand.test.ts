import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hierarchyExpand } from '../../nodes/hierarchy/expand.ts'
import { decodeDense } from '../../nodes/kernels/rle.ts'
import type { ClassList } from '../../nodes/values/classes.ts'
import type { Hierarchy } from '../../nodes/values/hierarchy.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const hierarchy: Hierarchy = { ...classesOf('animal', 'pet', 'cat', 'car'), parents: [[], [0], [1, 0], []] }
const input = classesOf('car', 'cat', 'pet')
const instances = boxInstances(
  [20, 20],
  [
    { label: 1, score: 0.9, box: [0, 0, 5, 5] },
    { label: 0, score: 0.8, box: [5, 5, 9, 9] },
    { label: 2, score: 0.7, box: [10, 2, 12, 8] },
  ],
)

async function expand(emit: string): Promise<{ ids: string[]; result: Instances; classes: ClassList }> {
  const check = testCheck({ inputs: { instances: [input], hierarchy: [hierarchy] } })
  const types = await hierarchyExpand.types!({ emit } as never, check.context)
  expect(check.problems).toEqual([])
  const classes = types['instances']!['classes'] as ClassList
  const run = typedRun({ instances: [input], hierarchy: [hierarchy] })
  const outputs = await runNode(hierarchyExpand, { instances, hierarchy }, { emit }, run)
  const result = outputs['instances'] as Instances
  return { result, classes, ids: [...result.labels].map(label => classes[label]!.id) }
}

describe('hierarchy/expand', () => {
  it('emits ancestors only, each once though two paths lead to it', async () => {
    const { ids, result, classes } = await expand('ancestors')
    expect(classes.map(({ id }) => id)).toEqual(['animal', 'pet'])
    expect(ids).toEqual(['animal', 'pet', 'animal'])
    expect([...result.scores]).toEqual([0.9, 0.9, 0.7])
  })

  it('emits originals followed by their copies, with the same score, box and mask', async () => {
    const { ids, result, classes } = await expand('self-and-ancestors')
    expect(classes.map(({ id }) => id)).toEqual(['car', 'cat', 'pet', 'animal'])
    expect(ids).toEqual(['cat', 'pet', 'animal', 'car', 'pet', 'animal'])
    expect([...result.scores]).toEqual([0.9, 0.9, 0.9, 0.8, 0.7, 0.7])
    const source = [0, 0, 0, 1, 2, 2]
    for (const [k, from] of source.entries()) {
      expect(result.boxesXyxy.slice(4 * k, 4 * k + 4)).toEqual(instances.boxesXyxy.slice(4 * from, 4 * from + 4))
      expect(decodeDense(result.masks, k, 'row-major')).toEqual(decodeDense(instances.masks, from, 'row-major'))
    }
  })

  it('copies ground-truth marks along', async () => {
    const truth = { ...instances, crowd: Uint8Array.of(1, 0, 0), areasPx: Float64Array.of(7, 8, 9) }
    const run = typedRun({ instances: [input] })
    const outputs = await runNode(hierarchyExpand, { instances: truth, hierarchy }, { emit: 'ancestors' }, run)
    const result = outputs['instances'] as Instances
    expect([...result.crowd!]).toEqual([1, 1, 0])
    expect([...result.areasPx!]).toEqual([7, 7, 9])
  })

  it('gives an instance exactly its class and the classes above it in any tree', () => {
    const tree = fc.array(fc.nat(), { minLength: 1, maxLength: 12 })
    return fc.assert(
      fc.asyncProperty(tree, async choices => {
        const parents = choices.map((choice, label) => (label === 0 ? [] : [choice % label]))
        const list = classesOf(...choices.map((_, label) => `c${label}`))
        const one = boxInstances([4, 4], [{ label: choices.length - 1, box: [0, 0, 2, 2] }])
        const outputs = await runNode(
          hierarchyExpand,
          { instances: one, hierarchy: { ...list, parents } },
          { emit: 'self-and-ancestors' },
          typedRun({ instances: [list] }),
        )
        const above: number[] = []
        for (let at: number | undefined = choices.length - 1; at !== undefined; at = parents[at]![0]) above.push(at)
        const labels = [...(outputs['instances'] as Instances).labels]
        expect(labels.sort((a, b) => a - b)).toEqual(above.sort((a, b) => a - b))
      }),
      { numRuns: 40 },
    )
  })

  it('reports classes that the hierarchy does not know', async () => {
    const check = testCheck({ inputs: { instances: [classesOf('cat', 'boat')], hierarchy: [hierarchy] } })
    await hierarchyExpand.types!({ emit: 'ancestors' } as never, check.context)
    expect(check.problems).toHaveLength(1)
    expect(check.problems[0]!.message).toContain('no 1 class (boat) of the instances')
  })
})
