import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { htmlReport } from '../../engine/report/html-report.ts'
import { timelineOf } from '../../engine/report/timeline.ts'
import { fakeRun, smallRun } from '../helpers/fake-run.ts'
import { finished, started, T0 } from '../helpers/run-events.ts'

const unit = { lane: 'gpu', group: 0 } as const

describe('the timeline of a run', () => {
  it('holds per bin the share of the slots that were busy', () => {
    const { lanes, startMs, endMs } = timelineOf(
      [
        started([], 2),
        { type: 'unit.started', atMs: T0, ...unit, item: 'a', slot: 'gpu 0' },
        { type: 'unit.started', atMs: T0 + 1000, ...unit, item: 'b', slot: 'gpu 1' },
        { type: 'unit.finished', atMs: T0 + 1500, ...unit, item: 'b', slot: 'gpu 1', durationMs: 500 },
        { type: 'unit.finished', atMs: T0 + 3000, ...unit, item: 'a', slot: 'gpu 0', durationMs: 3000 },
        finished('done', 4000),
      ],
      4,
    )
    expect([startMs, endMs]).toEqual([T0, T0 + 4000])
    expect([...(lanes[0]?.busyShare ?? [])]).toEqual([1 / 2, 1.5 / 2, 1 / 2, 0])
    expect([...(lanes[1]?.busyShare ?? [])]).toEqual([0, 0, 0, 0])
  })

  it('counts a unit that never finished until the newest event', () => {
    const events: RunEvent[] = [
      started([], 1),
      { type: 'unit.started', atMs: T0 + 1000, ...unit, item: 'a', slot: 'gpu 0' },
      { type: 'memory.sample', atMs: T0 + 2000, residentBytes: 7, budgetBytes: 9 },
    ]
    const timeline = timelineOf(events, 2)
    expect([...(timeline.lanes[0]?.busyShare ?? [])]).toEqual([0, 1])
    expect([...timeline.residentBytes]).toEqual([0, 7])
  })

  it('holds the busy time that the units report, whatever the bins', () => {
    const events = [...fakeRun(smallRun)]
    const { lanes, bins, startMs, endMs } = timelineOf(events, 97)
    const unitMs = events.reduce(
      (sum, event) => (event.type === 'unit.finished' && event.lane === 'gpu' ? sum + event.durationMs : sum),
      0,
    )
    const binnedMs = (lanes[0]?.busyShare ?? new Float64Array()).reduce((sum, share) => sum + share, 0)
    expect((binnedMs * 2 * (endMs - startMs)) / bins).toBeCloseTo(unitMs, 1)
  })
})

describe('the HTML report', () => {
  const page = htmlReport([...fakeRun(smallRun)])

  it('stands alone: no scripts, nothing loaded from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/i)
  })

  it('tells the outcome, the steps and the failures', () => {
    expect(page).toContain('<h1>three-stage <small>failed</small></h1>')
    expect(page).toContain('<td>propose</td><td>detect/propose</td><td class="n">576</td><td class="n">192</td>')
    expect(page).toContain('<td>berries-0020</td>')
    expect(page.match(/<path /g)).toHaveLength(3 + 1)
  })

  it('escapes what comes from outside', () => {
    const bad = htmlReport([{ ...started([]), pipeline: '<script>alert("x")</script>' }, finished('done', 5)])
    expect(bad).not.toContain('<script>')
    expect(bad).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;')
  })

  it('can be made of a run that was killed at its first event', () => {
    expect(htmlReport([started([{ id: 'nms' }])])).toContain('<small>unfinished</small>')
    expect(htmlReport([])).toContain('<h1>run')
  })
})
