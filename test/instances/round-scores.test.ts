import { expect, it } from 'vitest'
import { instancesRoundScores } from '../../nodes/instances/round-scores.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode } from '../helpers/run-context.ts'

it('instances/round-scores gives scores as printed and read again', async () => {
  const scores = [0.123456789, 0.0000004, 0.0078125, 1]
  const instances = boxInstances(
    [10, 12],
    scores.map(score => ({ score, box: [0, 0, 2, 2] })),
  )
  const rounded = async (decimals: number) => {
    const outputs = await runNode(
      instancesRoundScores,
      { instances },
      { decimals },
      { inputTypes: { instances: [classesOf('cat')] } },
    )
    return [...(outputs['instances'] as Instances).scores]
  }
  expect(await rounded(6)).toEqual([0.123457, 0, 0.007812, 1])
  expect(await rounded(8)).toEqual([0.12345679, 0.0000004, 0.0078125, 1])
  expect(await rounded(30)).toEqual(scores)
})
