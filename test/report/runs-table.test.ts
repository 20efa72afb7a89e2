import { expect, it } from 'vitest'
import { runsLines } from '../../engine/report/runs-table.ts'
import { finished, T0 } from '../helpers/run-events.ts'

const common = { pipeline: 'berries', path: '/berries.yaml', paramsJson: '{}' }

it('lists runs with what they found and made', () => {
  const lines = runsLines(
    [
      {
        id: 'r2',
        ...common,
        startedMs: T0 + 3_600_000,
        finishedMs: undefined,
        status: 'running',
        summaryJson: undefined,
      },
      {
        id: 'r1',
        ...common,
        startedMs: T0,
        finishedMs: T0 + 90_000,
        status: 'done',
        summaryJson: JSON.stringify(finished('done', 90_000)),
      },
      {
        id: 'r0',
        ...common,
        startedMs: T0 - 60_000,
        finishedMs: T0 - 50_000,
        status: 'failed',
        summaryJson: '{"old',
      },
    ],
    T0 + 2 * 3_600_000,
  )
  expect(lines).toEqual([
    'run  pipeline  started                        took  status      cached  computed  failed  inferences',
    'r2   berries   2026-01-05 13:00     1h ago          unfinished',
    'r1   berries   2026-01-05 12:00     2h ago  1m 30s  done             2         4       0           4',
    'r0   berries   2026-01-05 11:59  2h 1m ago     10s  failed',
  ])
})

it('says when there are none', () => {
  expect(runsLines([], T0)).toEqual(['No runs yet.'])
})
