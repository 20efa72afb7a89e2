import { readFileSync } from 'node:fs'

/** What programs say when the system gives them no more files. */
export const fileLimit = /\bE[MN]FILE\b/

/** Why a worker is gone, seen from outside. */
export interface WorkerEnd {
  /** `memory`: as far as can be told from outside, for lack of memory. `unstarted`: the system refused to start it. */
  readonly cause: 'crash' | 'memory' | 'ended' | 'unstarted'
  /** "crashed in native code (SIGSEGV)": completes "its worker …". */
  readonly text: string
}

/** What is known about the end of a child process. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  /** We killed it ourselves. */
  readonly killed: boolean
  /** What it last wrote to stderr. */
  readonly errorText: string
  /** The system's count of out-of-memory kills went up while it lived. */
  readonly memoryKills: boolean
}

const nativeSignals = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']
/** Access violation and stack overflow, as Windows reports them. */
const nativeCodes = [0xc0000005, 0xc00000fd]

/**
 * Nobody tells a process why it was killed: SIGKILL that did not come from us is taken for the system's way to end
 * processes when memory runs out, and said to be certain only if the system counted such a kill meanwhile (Linux).
 */
export function endOfProcess({ code, signal, killed, errorText, memoryKills }: ProcessEnd): WorkerEnd {
  const last = errorText.trim().split('\n').slice(-3).join(' / ')
  const said = last === '' ? '' : `; it last said: ${last}`
  if (killed) return { cause: 'ended', text: 'was ended by the run' }
  if (fileLimit.test(errorText)) return { cause: 'unstarted', text: `${fileLimit.exec(errorText)![0]} while it began` }
  if (/JavaScript heap out of memory/.test(errorText)) {
    return { cause: 'memory', text: 'ran out of memory for JavaScript objects' }
  }
  if (signal === 'SIGKILL') {
    const why = memoryKills
      ? 'by the system, which had run out of memory'
      : 'from outside, most likely for lack of memory'
    return { cause: 'memory', text: `was killed ${why} (SIGKILL)${said}` }
  }
  if (signal !== null && nativeSignals.includes(signal)) {
    return { cause: 'crash', text: `crashed in native code (${signal})${said}` }
  }
  if (code !== null && nativeCodes.includes(code)) {
    return { cause: 'crash', text: `crashed in native code (exit code 0x${code.toString(16)})${said}` }
  }
  if (signal !== null) return { cause: 'ended', text: `was ended from outside (${signal})${said}` }
  return { cause: 'crash', text: `ended by itself (exit code ${code})${said}` }
}

/** `error`: what the thread's `error` event brought, if there was one. */
export function endOfThread(error: unknown, killed: boolean): WorkerEnd {
  if (killed) return { cause: 'ended', text: 'was ended by the run' }
  if (error === undefined) return { cause: 'crash', text: 'ended by itself' }
  const message = error instanceof Error ? error.message : String(error)
  if (fileLimit.test(message)) return { cause: 'unstarted', text: message }
  const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  return { cause: isMemory ? 'memory' : 'crash', text: `ended with an error (${message})` }
}

/** How many processes the system has killed for lack of memory since it started; undefined where it does not say. */
export function memoryKillCount(): number | undefined {
  try {
    const found = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))
    return found === null ? undefined : Number(found[1])
  } catch {
    return undefined
  }
}
