import { renderToString } from 'ink'
import { render } from 'ink-testing-library'
import { describe, expect, it } from 'vitest'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { displayWidth } from '../../engine/report/printable.ts'
import type { RunState } from '../../engine/report/run-state.ts'
import { Screen } from '../../engine/ui/screen.tsx'
import { firstView, type View } from '../../engine/ui/view.ts'
import { type FakeRun, fakeRun, smallRun } from '../helpers/fake-run.ts'
import { failed, started, T0 } from '../helpers/run-events.ts'

/** The state of a made-up run `afterMs` into it. */
function stateAt(afterMs: number, options: Partial<FakeRun> = {}): RunState {
  const all = [...fakeRun({ ...smallRun, ...options })]
  return foldEvents(all.filter(event => event.atMs <= smallRun.startMs + afterMs))
}

function draw(state: RunState, columns: number, rows: number, view: View = firstView, afterMs: number = 6000): string {
  const screen = <Screen state={state} view={view} columns={columns} rows={rows} nowMs={smallRun.startMs + afterMs} />
  return renderToString(screen, { columns })
}

describe('the screen at 80 × 24', () => {
  it('shows steps, events, lanes and memory', () => {
    expect(draw(stateAt(6000), 80, 24)).toMatchInlineSnapshot(`
      "three-stage  20260105-120000-7f3a                          6s, at least 10s left
      1,198 of 1,968+ tasks: 688 cached, 470 computed, 1 failed · 156 inferences

        step           cells                           tasks   cached  failed     rate
      ✔ images             1 ▒▒▒▒▒▒▒▒▒▒▒ 100%          48/48       48
      ✖ propose           12 ▒▒▒███░░░░░  63%        360/576      192       1   60.0/s
      ▶ proposals          1 ▒▒▒███░░░░░  63%          30/48       16            5.0/s
      ▶ heads             12 ▒▒▒███░░░░░  59%        340/576      192           56.7/s
      ▶ mean               1 ▒▒▒███░░░░░  58%          28/48       16            4.7/s
      ▶ detections         1 ▒▒▒███░░░░░  58%          28/48       16            4.7/s
      ▶ roi_masks         12 ▒▒▒███░░░░░  58%        336/576      192           56.0/s
      ▶ masks              1 ▒▒▒███░░░░░  58%          28/48       16            4.7/s
      · evaluate           1
      · submission         1

           2s  propose[flip=none,model=L1,scale=208] berries-0020: The picture is dam…
           3s  detections berries-0003: 3 boxes without area were dropped

      gpu     ███████████████████████░  94%  2 of 2 running, 18 queued
      cpu     ████░░░░░░░░░░░░░░░░░░░░  15%  0 of 2 running
      io      ░░░░░░░░░░░░░░░░░░░░░░░░   2%  0 of 4 running
      memory  ████████████░░░░░░░░░░░░  50%  2.02 GiB of 4 GiB
      q stop  d details  e errors (1)  ? help"
    `)
  })

  it('is complete before anything is known', () => {
    expect(draw(foldEvents([]), 80, 24)).toContain('starting')
    expect(draw(foldEvents([started([{ id: 'nms' }])]), 80, 24)).toContain('· nms')
  })

  it('shows the details of the chosen step', () => {
    expect(draw(stateAt(6000), 80, 24, { ...firstView, panel: 'details', selectedStep: 3 })).toMatchInlineSnapshot(`
      "three-stage  20260105-120000-7f3a                          6s, at least 10s left
      1,198 of 1,968+ tasks: 688 cached, 470 computed, 1 failed · 156 inferences

        step           cells                           tasks   cached  failed     rate
      ✖ propose           12 ▒▒▒███░░░░░  63%        360/576      192       1   60.0/s
      ▶ proposals          1 ▒▒▒███░░░░░  63%          30/48       16            5.0/s
      ▶ heads             12 ▒▒▒███░░░░░  59%        340/576      192           56.7/s
      ▶ mean               1 ▒▒▒███░░░░░  58%          28/48       16            4.7/s
      ▶ detections         1 ▒▒▒███░░░░░  58%          28/48       16            4.7/s

      step        heads  (detect/boxes, lane gpu, 12 cells)
      tasks       576: 192 cached, 136 computed, 0 rebuilt, 0 failed, 12 skipped
      work        2s, 15ms per task, 56.7/s
      made        3.11 MiB, 0 inferences
      skipped     propose failed
      cpu/0       berries-0028, for 1s
      cpu/1       berries-0029, for 1s

      gpu     ███████████████████████░  94%  2 of 2 running, 18 queued
      cpu     ████░░░░░░░░░░░░░░░░░░░░  15%  0 of 2 running
      io      ░░░░░░░░░░░░░░░░░░░░░░░░   2%  0 of 4 running
      memory  ████████████░░░░░░░░░░░░  50%  2.02 GiB of 4 GiB
      q stop  d details  e errors (1)  ? help  esc back"
    `)
  })

  it('shows the failures with what to try', () => {
    const text = draw(stateAt(6000), 80, 24, { ...firstView, panel: 'errors' })
    expect(text).toContain('failure 1 of 1')
    expect(text).toContain('✖ propose[flip=none,model=L1,scale=208]  item berries-0020')
    expect(text).toContain('try: Replace the file, or leave it out of the folder.')
  })

  it('explains its keys and signs', () => {
    expect(draw(stateAt(6000), 80, 24, { ...firstView, panel: 'help' })).toContain('▒ from the cache')
  })

  it('says what was asked of the run', () => {
    expect(draw(stateAt(6000), 80, 24, { ...firstView, stops: 1 })).toContain('q again aborts')
    expect(draw(stateAt(6000), 80, 24, { ...firstView, stops: 2 })).toContain('aborting')
  })
})

describe('the screen at other sizes', () => {
  it('keeps to 60 × 15', () => {
    expect(draw(stateAt(6000), 60, 15)).toMatchInlineSnapshot(`
      "three-stage  20260105-120000-7f3a      6s, at least 10s left
      1,198 of 1,968+ tasks: 688 cached, 470 computed, 1 failed
        step                       tasks   cached  failed     rate
      ✖ propose          63%     360/576      192       1   60.0/s
      ▶ proposals        63%       30/48       16            5.0/s
      ▶ heads            59%     340/576      192           56.7/s
      ▶ mean             58%       28/48       16            4.7/s
      ▶ detections       58%       28/48       16            4.7/s
      ▶ roi_masks        58%     336/576      192           56.0/s
        … 4 more: 1 running, 2 waiting, 1 done
           2s  propose[flip=none,model=L1,scale=208] berries-0020…
           3s  detections berries-0003: 3 boxes without area were…
      gpu 94% +18  cpu 15%  io 2%  memory 2.02 GiB of 4 GiB
      q stop  d details  e errors (1)  ? help"
    `)
  })

  it('trims many steps: failed and running ones stay', () => {
    const text = draw(stateAt(6000, { copies: 6 }), 80, 24)
    expect(text).toContain('✖ model1/propose')
    expect(text).toContain('▶ model1/roi_masks')
    expect(text).toMatch(/… 3\d more: \d+ waiting, 1 done/)
  })

  it('has fewer lines than the terminal and none too long, in every panel', () => {
    const state = stateAt(6000, { copies: 6 })
    for (const panel of ['steps', 'details', 'errors', 'help'] as const) {
      for (const [columns, rows] of [
        [200, 60],
        [120, 40],
        [80, 24],
        [60, 15],
        [40, 10],
        [30, 8],
        [20, 5],
        [12, 3],
      ] as const) {
        const lines = draw(state, columns, rows, { ...firstView, panel, selectedStep: 20 }).split('\n')
        expect(lines.length, `${panel} at ${columns} × ${rows}`).toBeLessThan(rows)
        expect(Math.max(...lines.map(displayWidth)), `${panel} at ${columns} × ${rows}`).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('uses the width of a large terminal', () => {
    const lines = draw(stateAt(6000), 120, 40).split('\n')
    expect(lines.some(line => displayWidth(line) === 120)).toBe(true)
  })
})

it('neutralises control characters in names', () => {
  const state = foldEvents([started([{ id: 'propose' }]), failed('propose', 'evil\u001b[2Jname')])
  for (const panel of ['steps', 'errors', 'details'] as const) {
    expect(draw(state, 80, 24, { ...firstView, panel })).not.toContain('\u001b[2J')
  }
})

it('draws the next state over the last one', () => {
  const at = (afterMs: number) => (
    <Screen state={stateAt(afterMs)} view={firstView} columns={90} rows={24} nowMs={T0 + afterMs} />
  )
  const { rerender, lastFrame, unmount } = render(at(2000))
  expect(lastFrame()).toContain('2s')
  rerender(at(9000))
  expect(lastFrame()).toMatch(/propose .* {2}\d\d\d\/576/)
  expect(lastFrame()).toContain('9s, at least')
  unmount()
})
