import type { RunListener } from '../report/run-store.ts'

/** `--json`: one event per line. `run.finished` is the last line; a sample that arrives after it is left out. */
export function jsonLines(write: (text: string) => void): RunListener {
  let ended = false
  return event => {
    if (ended) return
    ended = event.type === 'run.finished'
    write(`${JSON.stringify(event)}\n`)
  }
}
