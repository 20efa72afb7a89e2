import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'

/**
 * Entry of a small process that stands between a run and a program it started. Standard input is its life line: the
 * first line says what to start; when it closes, because the run gave up or is gone in whatever way, the program and
 * everything it started end too. How the program ended goes to file descriptor 3.
 */
export interface ProgramSpec {
  readonly words: readonly string[]
  readonly directory: string
  readonly environment: { readonly [name: string]: string }
}

export type ProgramEnd =
  | { readonly exitCode: number }
  | { readonly signal: string }
  /** It could not be started. */
  | { readonly error: string }

/** From asking the program to end to ending it; a task that is too slow has 2 s to answer. */
const graceMs = 1000

let received = ''
let killProgram: ((signal: NodeJS.Signals) => void) | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.stdin.setEncoding('utf8')
process.stdin.on('data', (text: string) => {
  if (killProgram !== undefined) return
  received += text
  if (received.endsWith('\n')) killProgram = start(JSON.parse(received) as ProgramSpec)
})
process.stdin.on('end', giveUp)
process.stdin.on('error', giveUp)

function giveUp(): void {
  if (killProgram === undefined) process.exit(0)
  killProgram('SIGTERM')
  setTimeout(() => {
    killProgram?.('SIGKILL')
    process.exit(0)
  }, graceMs)
}

/** In a process group of its own, so that Ctrl-C in the terminal is the run's to handle. */
function start({ words, directory, environment }: ProgramSpec): (signal: NodeJS.Signals) => void {
  const child = spawn(words[0] as string, words.slice(1), {
    cwd: directory,
    env: environment,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return
    try {
      if (process.platform === 'win32') child.kill(signal)
      else process.kill(-child.pid, signal)
    } catch {
      // Nothing of it is left.
    }
  }
  child.on('error', error => end({ error: error.message }))
  child.on('exit', (code, signal) => {
    // What it started and left behind would keep its output open.
    kill('SIGKILL')
    end(code === null ? { signal: String(signal) } : { exitCode: code })
  })
  return kill
}

function end(how: ProgramEnd): void {
  try {
    writeSync(3, JSON.stringify(how))
  } catch {
    // Nobody listens any more.
  }
  process.exit(0)
}
