import { performance } from 'node:perf_hooks'
import { bench, describe } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { createRunStore } from '../../engine/report/run-store.ts'
import { fakeRun, smallRun } from '../helpers/fake-run.ts'
import { FakeStdin, FakeStdout } from '../helpers/fake-terminal.ts'

// As in the command line tool: the built screen with React's production build. Vitest would compile JSX for the other
// one, and sets NODE_ENV to "test".
process.env['NODE_ENV'] = 'production'
delete process.env['CI']
const built = new URL('../../dist/engine/ui/start-screen.js', import.meta.url).href
const { startScreen }: typeof import('../../engine/ui/start-screen.ts') = await import(built)

const EVENTS_PER_SECOND = 10_000
const SECONDS = 2.5

/** Events of a run long enough for the time, with times of now. */
function events(copies: number): RunEvent[] {
  return [...fakeRun({ ...smallRun, images: 1200, copies, failingImages: [], status: 'done' })].slice(
    0,
    EVENTS_PER_SECOND * 4,
  )
}

describe('folding events', () => {
  const all = events(2)
  bench(`${all.length} events`, () => {
    foldEvents(all)
  })
})

describe('share of a core while events come', () => {
  for (const [label, copies, columns, rows, withScreen] of [
    ['events only', 2, 100, 30, false],
    ['screen of 100 × 30, 17 steps', 2, 100, 30, true],
    ['screen of 200 × 60, 59 steps', 8, 200, 60, true],
  ] as const) {
    bench(label, () => load(label, copies, columns, rows, withScreen), {
      iterations: 1,
      time: 0,
      warmupIterations: 0,
      warmupTime: 0,
    })
  }
})

async function load(label: string, copies: number, columns: number, rows: number, withScreen: boolean): Promise<void> {
  const all = events(copies)
  const store = createRunStore()
  const stdout = new FakeStdout(columns, rows)
  const screen = withScreen
    ? await startScreen({
        store,
        onStop: () => {},
        onAbort: () => {},
        stdout: stdout as unknown as NodeJS.WriteStream,
        stdin: new FakeStdin() as unknown as NodeJS.ReadStream,
        patchConsole: false,
      })
    : undefined
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  let sent = 0
  let longestLagMs = 0
  while (performance.now() - startMs < SECONDS * 1000) {
    const due = Math.min(all.length, Math.floor(((performance.now() - startMs) / 1000) * EVENTS_PER_SECOND))
    for (; sent < due; sent++) store.emit({ ...(all[sent] as RunEvent), atMs: Date.now() })
    const beforeMs = performance.now()
    await new Promise(resolve => setTimeout(resolve, 10))
    longestLagMs = Math.max(longestLagMs, performance.now() - beforeMs - 10)
  }
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  const frames = stdout.written.match(/three-stage/g)?.length ?? 0
  const share = ((user + system) / 1000 / wallMs) * 100
  console.log(
    `${label}: ${sent} events, ${share.toFixed(1)} % of a core, ${frames} frames, longest lag ${longestLagMs.toFixed(0)} ms`,
  )
  await screen?.stop()
}
