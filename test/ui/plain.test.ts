import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { createRunStore } from '../../engine/report/run-store.ts'
import { jsonLines } from '../../engine/ui/json-lines.ts'
import { plainLines } from '../../engine/ui/plain.ts'
import { fakeRun, smallRun } from '../helpers/fake-run.ts'
import { done, failed, finished, items, started, T0 } from '../helpers/run-events.ts'

function printed(events: Iterable<RunEvent>): string {
  const store = createRunStore(error => {
    throw error
  })
  let text = ''
  store.subscribe(plainLines(chunk => (text += chunk)))
  for (const event of events) store.emit(event)
  return text
}

describe('plain lines', () => {
  it('tell a whole run', () => {
    expect(printed(fakeRun({ ...smallRun, msPerImage: 3000 }))).toMatchInlineSnapshot(`
      "three-stage  run 20260105-120000-7f3a
      10 steps, 43 cells · lanes: gpu 2, cpu 2, io 4 · memory 4 GiB · cache /home/ada/berries/.maskloom
           0s  ✔ images: 48 tasks, 48 cached
           5s  799 of 1,968+ tasks, 688 cached; mean 38%, detections 38%, roi_masks 38%, 4 more; at least 47s left
           6s  ✖ propose[flip=none,model=L1,scale=208]  item berries-0020
                 The picture is damaged: expected a JPEG of 1600 × 960 pixels, found its end after 312 lines. [bad-image]
                 try: Replace the file, or leave it out of the folder.
           9s  ! detections berries-0003: 3 boxes without area were dropped
          10s  941 of 1,968+ tasks, 688 cached, 1 failed; proposals 46%, heads 46%, mean 46%, 4 more; at least 47s left
          15s  1,089 of 1,968+ tasks, 688 cached, 1 failed; proposals 54%, heads 54%, mean 54%, 4 more; at least 37s left
          20s  1,205 of 1,968+ tasks, 688 cached, 1 failed; mean 58%, detections 58%, roi_masks 58%, 4 more; at least 33s left
          25s  1,343 of 1,968+ tasks, 688 cached, 1 failed; proposals 67%, heads 67%, mean 67%, 4 more; at least 26s left
          30s  1,491 of 1,968+ tasks, 688 cached, 1 failed; proposals 75%, heads 75%, mean 75%, 4 more; at least 19s left
          35s  1,611 of 1,968+ tasks, 688 cached, 1 failed; mean 79%, detections 79%, roi_masks 79%, 4 more; at least 15s left
          40s  1,745 of 1,968+ tasks, 688 cached, 1 failed; proposals 88%, heads 88%, mean 88%, 4 more; at least 9s left
          45s  1,893 of 1,968+ tasks, 688 cached, 1 failed; proposals 96%, heads 96%, mean 96%, 4 more; at least 3s left
          47s  ✖ propose: 576 tasks, 192 cached, 372 computed, 1 failed, 11 skipped (propose failed)
          47s  ✔ proposals: 48 tasks, 16 cached, 31 computed, 1 skipped (propose failed)
          47s  ✔ heads: 576 tasks, 192 cached, 372 computed, 12 skipped (propose failed)
          48s  ✔ mean: 48 tasks, 16 cached, 31 computed, 1 skipped (propose failed)
          48s  ✔ detections: 48 tasks, 16 cached, 31 computed, 1 skipped (propose failed)
          48s  ✔ roi_masks: 576 tasks, 192 cached, 372 computed, 12 skipped (propose failed)
          48s  ✔ masks: 48 tasks, 16 cached, 31 computed, 1 skipped (propose failed)
          48s  – evaluate: 1 task, 1 skipped (an item of its input failed)
          48s  – submission: 1 task, 1 skipped (an item of its input failed)

      ✖ three-stage failed after 48s  run 20260105-120000-7f3a

        step        tasks  cached  computed  rebuilt  failed  skipped   work  per task
        images         48      48         ·        ·       ·        ·
        propose       576     192       372        ·       1       11  55.8s     150ms
        proposals      48      16        31        ·       ·        1   2.3s      75ms
        heads         576     192       372        ·       ·       12  18.6s      50ms
        mean           48      16        31        ·       ·        1   2.3s      75ms
        detections     48      16        31        ·       ·        1   2.3s      75ms
        roi_masks     576     192       372        ·       ·       12   9.3s      25ms
        masks          48      16        31        ·       ·        1   2.3s      75ms
        evaluate        1       ·         ·        ·       ·        1
        submission      1       ·         ·        ·       ·        1

      688 tasks cached, 1,240 computed · 372 inferences
      busy: gpu 100% · peak memory 2.16 GiB of 4 GiB

      remarks
        detections: 3 boxes without area were dropped (berries-0003)

      ✖ propose[flip=none,model=L1,scale=208]  item berries-0020
        The picture is damaged: expected a JPEG of 1600 × 960 pixels, found its end after 312 lines. [bad-image]
        try: Replace the file, or leave it out of the folder.

      next: remove the cause above and run the same command again; failures are never cached. 1,928 finished tasks will be read from the cache.
      "
    `)
  })

  it('of one step are few, however long the run', () => {
    const tasks = 100_000
    const events = function* (): Generator<RunEvent> {
      yield started([{ id: 'propose' }])
      yield items('propose', tasks)
      for (let index = 0; index < tasks - 1; index++) yield done('propose', index * 1000)
    }
    const lines = printed(events()).trim().split('\n')
    // 100 s of lines five seconds apart, then each 1/20 later than the one before: ln(100,000 / 100) / ln(1 + 1/20) ≈ 142.
    expect(lines.length).toBeGreaterThan(100)
    expect(lines.length).toBeLessThan(200)
  })

  it('show that a run with one long task is alive', () => {
    const sample = (afterMs: number): RunEvent => ({
      type: 'memory.sample',
      atMs: T0 + afterMs,
      residentBytes: 1,
      budgetBytes: 2,
    })
    const unit = { lane: 'cpu', group: 1, item: undefined, slot: 'cpu/0' } as const
    const text = printed([
      started([{ id: 'evaluate', groups: [1] }]),
      items('evaluate', 1),
      { type: 'unit.started', atMs: T0, ...unit },
      ...[1000, 5000, 9000, 10_000].map(sample),
    ])
    expect(text.split('\n').slice(2)).toEqual([
      '     5s  0 of 1 tasks; evaluate 0%', //
      '    10s  0 of 1 tasks; evaluate 0%',
      '',
    ])
  })

  it('tell a failure at once and stop repeating themselves after twenty', () => {
    const failures = Array.from({ length: 100 }, (_, index) => failed('propose', `image ${index}`, index))
    const text = printed([started([{ id: 'propose' }]), items('propose', 200), ...failures])
    expect(text.match(/The picture is damaged/g)).toHaveLength(20)
    expect(text.match(/more failures follow/g)).toHaveLength(1)
  })

  it('tell the end of a step again when more items were found', () => {
    const text = printed([started([{ id: 'nms' }]), items('nms', 1), done('nms', 5), items('nms', 2), done('nms', 9)])
    expect(text.match(/✔ nms/g)).toHaveLength(2)
    expect(text).toContain('✔ nms: 2 tasks, 2 computed')
  })

  it('end with the summary, whatever arrives later', () => {
    const late: RunEvent = { type: 'remark', atMs: T0 + 99, step: undefined, item: undefined, message: 'late' }
    expect(printed([started([]), finished('done', 50), late])).not.toContain('late')
  })

  it('do not let a file name write to the terminal', () => {
    const text = printed([started([{ id: 'nms' }]), failed('nms', 'evil\u001b[2J\nname')])
    expect(text).not.toContain('\u001b')
    expect(text).toContain('evil?[2J name')
  })
})

describe('JSON lines', () => {
  function linesOf(events: Iterable<RunEvent>): string[] {
    const store = createRunStore()
    let text = ''
    store.subscribe(jsonLines(chunk => (text += chunk)))
    for (const event of events) store.emit(event)
    expect(text.endsWith('\n')).toBe(true)
    return text.slice(0, -1).split('\n')
  }

  it('are the events, one per line', () => {
    const events = [...fakeRun(smallRun)]
    expect(linesOf(events).map(line => JSON.parse(line) as RunEvent)).toEqual(events)
  })

  it('end with exactly run.finished, whatever arrives later', () => {
    const lines = linesOf([started([]), finished('done', 50), done('late', 51), finished('failed', 52)])
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      type: 'run.finished',
      atMs: T0 + 50,
      status: 'done',
      tasks: { hit: 2, done: 3, rebuilt: 1, failed: 0, skipped: 0 },
      inferences: 4,
      outputs: { submission: '/home/ada/berries/out/submission.csv' },
      wallMs: 50,
    })
    expect(lines).toHaveLength(2)
  })
})
