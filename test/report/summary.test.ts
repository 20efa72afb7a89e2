import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { noPaint, terminalPaint } from '../../engine/report/paint.ts'
import { summaryLines } from '../../engine/report/summary.ts'
import { done, failed, finished, hits, items, remark, started, T0 } from '../helpers/run-events.ts'

const delivered: RunEvent = {
  type: 'output.delivered',
  atMs: T0 + 9000,
  name: 'submission',
  path: '/home/ada/berries/out/submission.csv',
  files: 1,
  bytes: 3 * 2 ** 20,
  unchanged: false,
}

describe('the summary of a run', () => {
  it('says where the outputs are, what was cached and what the rest cost', () => {
    const state = foldEvents([
      started([{ id: 'propose' }, { id: 'nms', lane: 'cpu' }]),
      items('propose', 5),
      items('nms', 1),
      hits('propose', 2),
      { type: 'memory.sample', atMs: T0, residentBytes: 2 ** 30, budgetBytes: 4 * 2 ** 30 },
      done('propose', 1000, { inferences: 2 }),
      done('propose', 2000, { inferences: 2 }),
      done('propose', 3000, { rebuilt: true }),
      done('nms', 4000, { durationMs: 20 }),
      { type: 'unit.started', atMs: T0, lane: 'gpu', group: 0, item: 'a', slot: 'gpu 0' },
      { type: 'unit.finished', atMs: T0 + 10_000, lane: 'gpu', group: 0, item: 'a', slot: 'gpu 0', durationMs: 10_000 },
      delivered,
      finished('done', 10_000),
    ])
    expect(summaryLines(state)).toEqual([
      '✔ berries done after 10s  run run-1',
      '',
      'outputs',
      '  submission  /home/ada/berries/out/submission.csv  1 file, 3 MiB',
      '',
      '  step     tasks  cached  computed  rebuilt  failed  skipped  work  per task',
      '  propose      5       2         2        1       ·        ·    3s        1s',
      '  nms          1       ·         1        ·       ·        ·  20ms      20ms',
      '',
      '2 tasks cached, 3 computed, 1 rebuilt · 4 inferences',
      'busy: gpu 50% · peak memory 1 GiB of 4 GiB',
    ])
  })

  it('tells failures with what to do, those of one kind once, and what the next run will find', () => {
    const state = foldEvents([
      started([{ id: 'propose' }, { id: 'submission' }]),
      items('propose', 6),
      hits('propose', 1),
      ...['a', 'b', 'c', 'd', 'e'].map(item => failed('propose', item, 100)),
      finished('failed', 2000),
    ])
    expect(summaryLines(state)).toEqual([
      '✖ berries failed after 2s  run run-1',
      '',
      '  step     tasks  cached  computed  rebuilt  failed  skipped  work  per task',
      '  propose      6       1         ·        ·       5        ·',
      '  … 1 step did not start',
      '',
      '2 tasks cached, 3 computed, 1 rebuilt · 4 inferences',
      '',
      '✖ propose[flip=none]  item a',
      '  The picture is damaged. [bad-image]',
      '  try: Replace the file.',
      '  and 4 more like it: b, c, d, …',
      '',
      'next: remove the cause above and run the same command again; failures are never cached. 1 finished task will be read from the cache.',
    ])
  })

  it('says how to go on after a stop', () => {
    const state = foldEvents([
      started([{ id: 'propose' }]),
      items('propose', 6),
      hits('propose', 3),
      finished('stopped', 2000),
    ])
    expect(summaryLines(state)[0]).toBe('■ berries stopped on request after 2s  run run-1')
    expect(summaryLines(state).at(-1)).toBe(
      'next: run the same command again to continue. 3 finished tasks will be read from the cache.',
    )
  })

  it('counts equal remarks instead of repeating them', () => {
    const dropped = ['a', 'b', 'c'].map(item => remark('a box was dropped', item))
    const state = foldEvents([started([]), ...dropped, finished('done', 10)])
    expect(summaryLines(state)).toContain('  nms: a box was dropped (3 times, first a)')
  })

  it('is empty before the run has ended', () => {
    expect(summaryLines(foldEvents([started([])]))).toEqual([])
  })

  it('is the same text in colour', () => {
    const state = foldEvents([
      started([{ id: 'propose' }]),
      failed('propose', 'a', 9),
      delivered,
      finished('failed', 10),
    ])
    const painted = summaryLines(state, terminalPaint)
    expect(painted.join('\n')).toContain('\u001b[31m✖\u001b[39m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
    expect(painted.map(line => line.replace(/\u001b\[\d+m/g, ''))).toEqual(summaryLines(state, noPaint))
  })
})
