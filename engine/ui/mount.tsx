import { render, useInput } from 'ink'
import type { RunStore } from '../report/run-store.ts'
import { Screen } from './screen.tsx'
import { firstView, type KeyName, press } from './view.ts'

export interface ScreenOptions {
  readonly store: RunStore
  /** First `q` or Ctrl-C: finish what is in flight. */
  readonly onStop: () => void
  /** Second one: end now. */
  readonly onAbort: () => void
  readonly stdout: NodeJS.WriteStream
  readonly stdin: NodeJS.ReadStream
  /** Keep `console.…` of other code from tearing the frame; default true. */
  readonly patchConsole?: boolean
}

/** Eight frames a second at most, and never more than about an eighth of a core. */
const FRAME_MS = 125
const REST_PER_DRAWN_MS = 7

/** Puts the screen on a terminal; the returned function takes it off again. */
export function mountScreen(options: ScreenOptions): () => Promise<void> {
  const { store, stdout, stdin } = options
  let view = firstView
  let drawnVersion = -1
  let drawnSecond = -1
  let restUntilMs = 0
  const app = () => (
    <>
      {stdin.isTTY ? <Keys onKey={onKey} /> : null}
      <Screen
        state={store.state}
        view={view}
        columns={stdout.columns || 80}
        rows={stdout.rows || 24}
        nowMs={Date.now()}
      />
    </>
  )
  const draw = () => {
    const before = performance.now()
    drawnVersion = store.state.version
    drawnSecond = Math.floor(Date.now() / 1000)
    ink.rerender(app())
    restUntilMs = before + (performance.now() - before) * (1 + REST_PER_DRAWN_MS)
  }
  const onKey = (key: KeyName) => {
    const pressed = press(view, key, { steps: store.state.steps.length, failures: store.state.failures.length })
    view = pressed.view
    if (pressed.action === 'stop') options.onStop()
    if (pressed.action === 'abort') options.onAbort()
    draw()
  }
  const tick = () => {
    const changed = store.state.version !== drawnVersion || Math.floor(Date.now() / 1000) !== drawnSecond
    if (changed && performance.now() >= restUntilMs) draw()
  }
  // The terminal has already wrapped the old frame in its own way, so what ink would erase is not what is there.
  const onResize = () => {
    stdout.write(ERASE_VISIBLE)
    draw()
  }

  const ink = render(app(), {
    stdout: neverFull(stdout),
    stdin,
    exitOnCtrlC: false,
    patchConsole: options.patchConsole ?? true,
    maxFps: 60,
  })
  const ended = ink.waitUntilExit()
  const timer = setInterval(tick, FRAME_MS)
  timer.unref()
  stdout.on('resize', onResize)
  return async () => {
    clearInterval(timer)
    stdout.off('resize', onResize)
    ink.rerender(null)
    ink.unmount()
    await ended
  }
}

const ERASE_VISIBLE = '\u001b[2J\u001b[H'

/**
 * The terminal as ink sees it: endlessly high and never resized. When a frame is as high as the terminal, ink erases
 * the scrollback, which belongs to the user; our frames are always lower, and a resize is handled above.
 */
function neverFull(stdout: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(stdout, {
    get: (target, property) => {
      if (property === 'rows') return 100_000
      if (property === 'on' || property === 'off') {
        return (event: string, listener: () => void) => {
          if (event !== 'resize') target[property](event, listener)
          return stdout
        }
      }
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function Keys(props: { readonly onKey: (key: KeyName) => void }) {
  useInput((input, key) => {
    if (key.ctrl && input === 'c') props.onKey('ctrl-c')
    else if (key.upArrow || input === 'k') props.onKey('up')
    else if (key.downArrow || input === 'j') props.onKey('down')
    else if (key.pageUp) props.onKey('page-up')
    else if (key.pageDown) props.onKey('page-down')
    else if (key.escape) props.onKey('escape')
    else if (input === 'q' || input === 'd' || input === 'e' || input === '?') props.onKey(input)
  })
  return null
}
