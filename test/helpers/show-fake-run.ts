import { createRunStore } from '../../engine/report/run-store.ts'
import { jsonLines } from '../../engine/ui/json-lines.ts'
import { plainLines } from '../../engine/ui/plain.ts'
import { startScreen } from '../../engine/ui/start-screen.ts'
import { type FakeRun, fakeRun, play, smallRun } from './fake-run.ts'

/**
 * For looking at the screen: compile, then `node show-fake-run.js [screen|plain|json] [option=number …]`, e.g.
 * `screen speed=2 copies=6 images=200`.
 */
const [look = 'screen', ...settings] = process.argv.slice(2)
const numbers = new Map(settings.map(text => [text.split('=')[0] ?? '', Number(text.split('=')[1])]))
const options: FakeRun = {
  ...smallRun,
  images: numbers.get('images') ?? smallRun.images,
  cachedImages: numbers.get('cached') ?? smallRun.cachedImages,
  copies: numbers.get('copies') ?? 1,
  slots: numbers.get('slots') ?? smallRun.slots,
  failingImages: numbers.get('failing') === 0 ? [] : smallRun.failingImages,
  status: numbers.get('failing') === 0 ? 'done' : 'failed',
}
let stopping = false
const store = createRunStore()
const write = (text: string) => process.stdout.write(text)
if (look === 'plain') store.subscribe(plainLines(write))
if (look === 'json') store.subscribe(jsonLines(write))
const stop = (status: 'stopped' | 'interrupted') => {
  stopping ||= status === 'interrupted'
  const atMs = Date.now()
  if (status === 'stopped') store.emit({ type: 'run.stopping', atMs, reason: 'asked by the user' })
}
const screen =
  look === 'screen'
    ? await startScreen({
        store,
        onStop: () => stop('stopped'),
        onAbort: () => stop('interrupted'),
        stdout: process.stdout,
        stdin: process.stdin,
      })
    : undefined
await play(fakeRun(options), store.emit, numbers.get('speed') ?? 1, () => stopping)
if (stopping) {
  const atMs = Date.now()
  const tasks = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }
  store.emit({
    type: 'run.finished',
    atMs,
    status: 'interrupted',
    tasks,
    inferences: 0,
    outputs: {},
    wallMs: atMs - (store.state.started?.atMs ?? atMs),
  })
}
await screen?.stop()
