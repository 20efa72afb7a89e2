import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRunStore, type RunStore } from '../../engine/report/run-store.ts'
import type { RunningScreen } from '../../engine/ui/start-screen.ts'
import { FakeStdin, FakeStdout } from '../helpers/fake-terminal.ts'
import { done, failed, finished, items, started, T0 } from '../helpers/run-events.ts'

// ink looks once, when it is loaded, whether it runs in CI, where it would draw nothing.
vi.hoisted(() => {
  delete process.env['CI']
  delete process.env['CONTINUOUS_INTEGRATION']
})
const { startScreen } = await import('../../engine/ui/start-screen.ts')

let store: RunStore
let stdout: FakeStdout
let stdin: FakeStdin
let screen: RunningScreen
let asked: string[]

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date', 'performance'] })
  vi.setSystemTime(T0)
  store = createRunStore()
  stdout = new FakeStdout(80, 24)
  stdin = new FakeStdin()
  asked = []
  store.emit(started([{ id: 'propose' }, { id: 'nms', lane: 'cpu' }]))
  screen = await startScreen({
    store,
    onStop: () => asked.push('stop'),
    onAbort: () => asked.push('abort'),
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    patchConsole: false,
  })
})

afterEach(async () => {
  vi.useRealTimers()
  await screen.stop()
})

/** What was written since the last look. */
function fresh(): string {
  const text = stdout.written
  stdout.written = ''
  return text
}

/** Each frame has one header. */
function framesIn(text: string): number {
  return text.match(/run-1/g)?.length ?? 0
}

describe('a running screen', () => {
  it('is there at once', () => {
    expect(fresh()).toContain('berries')
  })

  it('draws at most eight times a second, however many events there are', () => {
    vi.advanceTimersByTime(1000)
    fresh()
    for (let index = 0; index < 1000; index++) {
      store.emit(done('propose', index))
      vi.advanceTimersByTime(1)
    }
    const frames = framesIn(fresh())
    expect(frames).toBeLessThanOrEqual(8)
    expect(frames).toBeGreaterThan(4)
  })

  it('draws once a second when nothing happens, for the clock', () => {
    vi.advanceTimersByTime(1000)
    fresh()
    vi.advanceTimersByTime(5000)
    expect(framesIn(fresh())).toBe(5)
  })

  it('asks to stop on the first q and to abort on the second', () => {
    stdin.type('q')
    expect(asked).toEqual(['stop'])
    vi.advanceTimersByTime(200)
    expect(fresh()).toContain('q again aborts')
    stdin.type('\u0003')
    expect(asked).toEqual(['stop', 'abort'])
  })

  it('opens panels and follows the arrows', () => {
    stdin.type('d')
    vi.advanceTimersByTime(200)
    expect(fresh()).toContain('propose  (test/propose, lane gpu, 1 cell)')
    stdin.type('\u001b[B')
    vi.advanceTimersByTime(200)
    expect(fresh()).toContain('nms  (test/nms, lane cpu, 1 cell)')
    stdin.type('e')
    vi.advanceTimersByTime(200)
    expect(fresh()).toContain('Nothing failed so far.')
  })

  it('fits a new size at once and starts from an empty screen', () => {
    fresh()
    stdout.resize(50, 10)
    vi.advanceTimersByTime(100)
    const text = fresh()
    expect(text.startsWith('\u001b[2J\u001b[H')).toBe(true)
    expect(text).toMatch(/berries {2}run-1 +\d+s\n/)
  })

  it('never erases the scrollback, however low the terminal', () => {
    stdout.resize(80, 4)
    store.emit(items('propose', 9))
    vi.advanceTimersByTime(500)
    expect(stdout.written).not.toContain('\u001b[3J')
  })

  it('leaves the summary behind and gives the keyboard back', async () => {
    expect(stdin.raw).toBe(true)
    store.emit(failed('propose', 'a', 10))
    store.emit(finished('failed', 2000))
    fresh()
    vi.useRealTimers()
    await screen.stop()
    await screen.stop()
    const text = fresh()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours
    expect(text.replace(/\u001b\[\d+m/g, '')).toMatch(/✖ berries failed after 2s {2}run run-1\n/)
    expect(text).toContain('Replace the file.')
    expect(text.match(/berries/g)).toHaveLength(1)
    expect(stdin.raw).toBe(false)
    expect(stdout.listenerCount('resize')).toBe(0)
  })
})
