import type { RunEvent, RunStarted, TaskDone } from '../../engine/contract/event.ts'
import type { Lane } from '../../engine/contract/node.ts'

/** Short ways to write event sequences by hand; times are milliseconds since `T0`. */
export const T0 = Date.UTC(2026, 0, 5, 12)

export interface StepOfStart {
  readonly id: string
  readonly node?: string
  readonly lane?: Lane
  readonly cells?: number
  readonly groups?: readonly number[]
}

export function started(steps: readonly StepOfStart[], gpuWidth: number = 2): RunStarted {
  return {
    type: 'run.started',
    atMs: T0,
    runId: 'run-1',
    pipeline: 'berries',
    steps: steps.map(({ id, node, lane, cells, groups }) => ({
      id,
      node: node ?? `test/${id}`,
      lane: lane ?? 'gpu',
      cells: cells ?? 1,
      ...(groups === undefined ? {} : { groups }),
    })),
    lanes: [
      { lane: 'gpu', width: gpuWidth },
      { lane: 'cpu', width: 2 },
    ],
    memoryBudgetBytes: 4 * 2 ** 30,
    cacheDirectory: '/home/ada/berries/.maskloom',
    outDirectory: '/home/ada/berries/out',
  }
}

export function items(step: string, tasks: number, afterMs: number = 0): RunEvent {
  return { type: 'step.items', atMs: T0 + afterMs, step, tasks }
}

export function hits(step: string, tasks: number, afterMs: number = 0): RunEvent {
  return { type: 'task.hits', atMs: T0 + afterMs, step, tasks }
}

export function done(step: string, afterMs: number, more: Partial<TaskDone> = {}): RunEvent {
  return {
    type: 'task.done',
    atMs: T0 + afterMs,
    step,
    address: step,
    item: 'a',
    rebuilt: false,
    durationMs: 1000,
    outputBytes: 1024,
    inferences: 0,
    ...more,
  }
}

export function failed(step: string, item: string, afterMs: number = 0): RunEvent {
  const problem = { code: 'bad-image', message: 'The picture is damaged.', fix: 'Replace the file.' }
  return { type: 'task.failed', atMs: T0 + afterMs, step, address: `${step}[flip=none]`, item, problem }
}

export function skipped(step: string, tasks: number, afterMs: number = 0): RunEvent {
  return { type: 'task.skipped', atMs: T0 + afterMs, step, tasks, reason: 'propose failed' }
}

export function remark(message: string, item: string, afterMs: number = 0): RunEvent {
  return { type: 'remark', atMs: T0 + afterMs, step: 'nms', item, message }
}

export function finished(status: 'done' | 'failed' | 'stopped' | 'interrupted', afterMs: number): RunEvent {
  const tasks = { hit: 2, done: 3, rebuilt: 1, failed: 0, skipped: 0 }
  const outputs = status === 'done' ? { submission: '/home/ada/berries/out/submission.csv' } : {}
  return { type: 'run.finished', atMs: T0 + afterMs, status, tasks, inferences: 4, outputs, wallMs: afterMs }
}
