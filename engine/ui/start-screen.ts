import { noPaint, terminalPaint } from '../report/paint.ts'
import { summaryLines } from '../report/summary.ts'
import type { ScreenOptions } from './mount.tsx'

export interface RunningScreen {
  /** Takes the screen off and leaves the summary in the scrollback; resolves when it is written. */
  readonly stop: () => Promise<void>
}

/**
 * Shows a run on a terminal. Loading ink and React takes 0.3 s, so nothing else imports them; events that arrive before
 * are in the store. React must see `NODE_ENV` when it is loaded: its development build costs twice as much per frame.
 */
export async function startScreen(options: ScreenOptions): Promise<RunningScreen> {
  process.env['NODE_ENV'] ??= 'production'
  const colorless = (process.env['NO_COLOR'] ?? '') !== ''
  const { mountScreen } = await (colorless ? importWithoutColor() : import('./mount.tsx'))
  const unmount = mountScreen(options)
  const paint = colorless ? noPaint : terminalPaint
  let stopped: Promise<void> | undefined
  return {
    stop: () => {
      stopped ??= unmount().then(() => write(options.stdout, summaryLines(options.store.state, paint)))
      return stopped
    },
  }
}

/** ink's colours are decided when it is loaded, by `FORCE_COLOR` and not by `NO_COLOR`. */
async function importWithoutColor(): Promise<typeof import('./mount.tsx')> {
  const before = process.env['FORCE_COLOR']
  process.env['FORCE_COLOR'] = '0'
  try {
    return await import('./mount.tsx')
  } finally {
    if (before === undefined) delete process.env['FORCE_COLOR']
    else process.env['FORCE_COLOR'] = before
  }
}

function write(stdout: NodeJS.WriteStream, lines: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    stdout.write(lines.map(line => `${line}\n`).join(''), () => resolve())
  })
}
