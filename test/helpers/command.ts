import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const bin = fileURLToPath(new URL('../../bin.js', import.meta.url))

export interface CommandEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Command {
  readonly child: ChildProcess
  /** Resolves when stdout and stderr together (in this order of arrival) match, `times` times. */
  readonly saw: (pattern: RegExp, times?: number) => Promise<string>
  readonly ended: Promise<CommandEnd>
}

/** `maskloom …` in a folder, killed when the test is over. */
export function startCommand(folder: string, ...args: readonly string[]): Command {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')))
  let all = ''
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const hear = (chunk: string) => {
    all += chunk
    for (const look of [...waiting]) look()
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    hear(chunk)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    hear(chunk)
  })
  const ended = new Promise<CommandEnd>(resolve => {
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
  return {
    child,
    ended,
    saw: (pattern, times = 1) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if ((all.match(new RegExp(pattern, 'gm')) ?? []).length < times) return
          waiting.delete(look)
          resolve(all)
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended before saying ${pattern} ${times} times: ${all}`)))
      }),
  }
}

export function command(folder: string, ...args: readonly string[]): Promise<CommandEnd> {
  return startCommand(folder, ...args).ended
}
