import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { TaskError } from '../base/diagnostic.ts'
import type { RunEvent } from '../contract/event.ts'

/**
 * The record of a run: its events as JSON lines. Written in the background, at the latest one second after they
 * happened, so a killed run loses a second of its record and nothing of its results.
 */
export interface Journal {
  readonly append: (event: RunEvent) => void
  /** Writes what is buffered; `run.finished` does so by itself. */
  readonly flush: () => void
  readonly close: () => void
}

const FLUSH_EVERY_MS = 1000
const FLUSH_AT_CHARACTERS = 64 * 1024

export function openJournal(path: string): Journal {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a')
  let buffer = ''
  let closed = false
  const flush = () => {
    if (buffer === '' || closed) return
    const bytes = Buffer.from(buffer)
    buffer = ''
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
  }
  const timer = setInterval(flush, FLUSH_EVERY_MS)
  timer.unref()
  return {
    append: event => {
      buffer += `${JSON.stringify(event)}\n`
      if (buffer.length > FLUSH_AT_CHARACTERS || event.type === 'run.finished') flush()
    },
    flush,
    close: () => {
      if (closed) return
      clearInterval(timer)
      flush()
      closed = true
      closeSync(file)
    },
  }
}

/**
 * Events of a journal, in order. A last line that was cut by a crash is left out; so are events of a type this version
 * does not know.
 * @throws TaskError `bad-file` when a line before the last is not an event.
 */
export function* readJournal(path: string): Generator<RunEvent> {
  const lines = readFileSync(path, 'utf8').split('\n')
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    const event = parseEvent(line)
    if (event === undefined) {
      if (index >= lines.length - 1) return
      throw new TaskError({
        code: 'bad-file',
        message: `Line ${index + 1} of the journal ${path} is not an event (found "${line.slice(0, 40)}").`,
        fix: 'The journal is a record only: results are in the store. Delete the file, or look at another run.',
      })
    }
    if (KNOWN_TYPES.has(event.type)) yield event
  }
}

function parseEvent(line: string): RunEvent | undefined {
  try {
    const parsed: unknown = JSON.parse(line)
    const isEvent =
      typeof parsed === 'object' &&
      parsed !== null &&
      'type' in parsed &&
      typeof parsed.type === 'string' &&
      'atMs' in parsed &&
      typeof parsed.atMs === 'number'
    return isEvent ? (parsed as RunEvent) : undefined
  } catch {
    return undefined
  }
}

/** A record rather than a list, so that the compiler asks for every type of the union. */
const TYPES: { readonly [type in RunEvent['type']]: true } = {
  'run.started': true,
  'step.items': true,
  'task.hits': true,
  'task.done': true,
  'task.failed': true,
  'task.skipped': true,
  'unit.started': true,
  'unit.finished': true,
  'lane.sample': true,
  'memory.sample': true,
  'memory.spilled': true,
  'output.delivered': true,
  remark: true,
  'run.stopping': true,
  'run.finished': true,
}
const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.keys(TYPES))
