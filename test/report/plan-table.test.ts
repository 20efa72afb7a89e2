import { describe, expect, it } from 'vitest'
import type { PlanReport } from '../../engine/contract/plan.ts'
import { planLines } from '../../engine/report/plan-table.ts'

const none = { hit: 0, run: 0, maybe: 0, rebuild: 0 }
const plan: PlanReport = {
  pipeline: 'berries',
  items: [{ step: 'images', items: 1200 }],
  steps: [
    {
      ...none,
      step: 'images',
      node: 'images/folder',
      cells: 1,
      tasks: 1200,
      hit: 1200,
      bytesPerTask: undefined,
      reason: undefined,
    },
    {
      ...none,
      step: 'propose',
      node: 'detect/propose',
      cells: 12,
      tasks: 14_400,
      hit: 14_388,
      run: 12,
      bytesPerTask: 1024,
      reason: 'an input changed: images',
    },
    {
      ...none,
      step: 'nms',
      node: 'boxes/nms',
      cells: 1,
      tasks: 1200,
      hit: 1199,
      maybe: 1,
      bytesPerTask: undefined,
      reason: undefined,
    },
  ],
  totals: { hit: 16_787, run: 12, maybe: 1, rebuild: 0, inferences: 12, inferencesAtMost: 24 },
  deferred: ['classes of step masks: the file is made by step classes'],
}

describe('the table of a plan', () => {
  it('shows per step what is stored, what will run, what may run and why', () => {
    expect(planLines(plan)).toEqual([
      'berries  images 1,200 items',
      '',
      'step     node            cells   tasks     hit  run  maybe  rebuild      stored  why',
      'images   images/folder       1   1,200   1,200    ·      ·        ·',
      'propose  detect/propose     12  14,400  14,388   12      ·        ·  ≈ 14.1 MiB  an input changed: images',
      'nms      boxes/nms           1   1,200   1,199    ·      1        ·',
      'total                       14  16,800  16,787   12      1        ·  ≈ 14.1 MiB',
      '',
      '12 inferences, at most 24 if every "maybe" has to run.',
      'checked later: classes of step masks: the file is made by step classes',
    ])
  })

  it('says so when nothing has to be inferred', () => {
    const idle = { ...plan, totals: { ...plan.totals, inferences: 0, inferencesAtMost: 0 }, deferred: [] }
    expect(planLines(idle).at(-1)).toBe('Nothing will be inferred.')
  })

  it('cuts lines to the width of the terminal', () => {
    expect(
      planLines(plan, undefined, 60)
        .slice(2, 7)
        .every(line => line.length <= 60),
    ).toBe(true)
  })
})
