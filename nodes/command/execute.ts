import { spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { ProgramEnd, ProgramSpec } from './guard.ts'

export interface Execution {
  readonly end: ProgramEnd
  /** The last lines it wrote, standard output and error as they came. */
  readonly tail: readonly string[]
}

const tailBytes = 16 * 1024
const tailLines = 30

/**
 * Runs a program to its end, under a guard that ends it with this process or when `signal` aborts.
 * @param stdoutPath - file that gets its standard output; undefined: only the tail is kept.
 */
export async function execute(
  spec: ProgramSpec,
  stdoutPath: string | undefined,
  signal: AbortSignal,
): Promise<Execution> {
  const guard = spawn(process.execPath, [guardPath()], {
    cwd: spec.directory,
    env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'] } : {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const { stdin, stdout, stderr } = guard
  const giveUp = () => void stdin.end()
  const gone = new Promise<void>((resolve, reject) => {
    guard.on('error', reject)
    guard.on('close', () => resolve())
  })
  // The guard may be gone before it has read what to do; `gone` tells.
  stdin.on('error', () => {})
  stdin.write(`${JSON.stringify(spec)}\n`)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  const tail = createTail()
  stderr.on('data', tail.add)
  let file: WriteStream | undefined
  if (stdoutPath === undefined) stdout.on('data', tail.add)
  else file = stdout.pipe(createWriteStream(stdoutPath))
  try {
    const [report] = await Promise.all([
      text(guard.stdio[3] as NodeJS.ReadableStream),
      gone,
      file === undefined ? undefined : finished(file),
    ])
    const end = report === '' ? { signal: 'SIGKILL' } : (JSON.parse(report) as ProgramEnd)
    return { end, tail: tail.lines() }
  } finally {
    signal.removeEventListener('abort', giveUp)
    giveUp()
  }
}

function createTail() {
  let kept = Buffer.alloc(0)
  return {
    add: (chunk: Buffer) => {
      kept = Buffer.concat([kept, chunk])
      if (kept.byteLength > 2 * tailBytes) kept = Buffer.from(kept.subarray(-tailBytes))
    },
    lines: () =>
      kept
        .toString('utf8')
        .split(/\r\n|\n|\r/)
        .map(line => line.trimEnd())
        .filter(line => line !== '')
        .slice(-tailLines),
  }
}

/** Compiled code: a process of its own reads no TypeScript on the oldest Node supported. */
function guardPath(): string {
  const here = import.meta.url
  return fileURLToPath(
    here.endsWith('.ts') ? new URL('../../dist/nodes/command/guard.js', here) : new URL('guard.js', here),
  )
}
