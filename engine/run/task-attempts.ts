import { setTimeout as pause } from 'node:timers/promises'
import { type Diagnostic, TaskError } from '../base/diagnostic.ts'
import { LostInput } from './unit.ts'

/** How often a task is tried, and how long one try may take. */
export interface AttemptRules {
  /** Further tries after the first. */
  readonly retries: number
  readonly timeoutMs: number | undefined
}

export interface AttemptHooks {
  /** A try with a time limit begins and ends: whoever watches the worker can kill it when it does not answer. */
  readonly begun: (limitMs: number) => void
  readonly ended: () => void
  readonly retrying: (error: unknown, failures: number) => void
}

/** After its time a task is told to stop and has this long to do so; then its worker is killed. */
export const answerGraceMs = 2_000

const firstPauseMs = 100
const longestPauseMs = 10_000

/**
 * Runs a task, again if it fails, as often as its step allows, with growing pauses (what fails and then works is a busy
 * server or device). Any failure counts: an error, a value that breaks the rules of its kind, a try that took too long.
 *
 * @param hungBefore tries of this task for which a worker had to be killed.
 * @param attempt may be called several times; must not store anything that a second call would not.
 */
export async function attemptTask<T>(
  rules: AttemptRules,
  hungBefore: number,
  signal: AbortSignal,
  hooks: AttemptHooks,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { retries, timeoutMs } = rules
  if (hungBefore > retries) throw tooSlow(timeoutMs!)
  for (let failures = hungBefore; ; ) {
    try {
      return await (timeoutMs === undefined ? attempt(signal) : withinTime(timeoutMs, signal, hooks, attempt))
    } catch (error) {
      if (error instanceof LostInput || signal.aborted || ++failures > retries) throw error
      hooks.retrying(error, failures)
      await pause(Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)), undefined, { signal })
    }
  }
}

/** A try that ends after its time has failed, even if it brought a result: a limit that depends on luck is none. */
async function withinTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  hooks: AttemptHooks,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(tooSlow(timeoutMs)), timeoutMs)
  hooks.begun(timeoutMs)
  try {
    // Lets the message out before a node that computes without a pause begins.
    await pause(0)
    const startedMs = performance.now()
    const result = await attempt(AbortSignal.any([signal, late.signal]))
    if (late.signal.aborted || performance.now() - startedMs > timeoutMs) throw tooSlow(timeoutMs)
    return result
  } catch (error) {
    throw late.signal.aborted ? tooSlow(timeoutMs) : error
  } finally {
    clearTimeout(timer)
    hooks.ended()
  }
}

function tooSlow(timeoutMs: number): TaskError {
  const problem: Diagnostic = {
    code: 'timeout',
    message: `it took longer than the ${timeoutMs / 1000} s its step allows`,
    fix: 'allow more with `timeout:` on the step, or look why this item takes so long',
  }
  return new TaskError(problem)
}
