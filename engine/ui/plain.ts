import type { RunEvent } from '../contract/event.ts'
import { failureLines } from '../report/failure-text.ts'
import { counted, formatBytes, formatClock, formatCount, formatRate, formatShare } from '../report/format.ts'
import { noPaint, type Paint } from '../report/paint.ts'
import { printable } from '../report/printable.ts'
import { estimateRemaining, stepPhase, stepRate, stepShare } from '../report/progress.ts'
import { type RunState, type StepState, settledTasks } from '../report/run-state.ts'
import type { RunListener } from '../report/run-store.ts'
import { summaryLines } from '../report/summary.ts'

/**
 * Lines for pipes, CI and dumb terminals: the start, progress per step now and then, failures and outputs at once, the
 * summary. A step speaks when it ends, and before that at most every five seconds or every twentieth of the run so far,
 * whichever is longer, so a night of work does not fill a log.
 */
export function plainLines(write: (text: string) => void, paint: Paint = noPaint): RunListener {
  const spokenMs = new Map<string, number>()
  /** By step: how many tasks it had when it told its end. More may be found later. */
  const ended = new Map<string, number>()
  let over = false
  let failuresShown = 0

  const progress = (step: StepState, state: RunState, atMs: number): string[] => {
    const phase = stepPhase(step)
    const complete = step.tasks !== undefined && settledTasks(step) >= step.tasks
    if (complete && step.tasks !== undefined && ended.get(step.id) !== step.tasks) {
      ended.set(step.id, step.tasks)
      const mark = phase === 'failed' ? paint.bad('✖') : phase === 'skipped' ? paint.warn('–') : paint.good('✔')
      return [`${mark} ${endText(step)}`]
    }
    const startMs = state.started?.atMs ?? atMs
    const quietMs = Math.max(QUIET_MS, (atMs - startMs) / 20)
    if (complete || atMs - (spokenMs.get(step.id) ?? startMs) < quietMs) return []
    spokenMs.set(step.id, atMs)
    return [`  ${progressText(step, atMs)}${leftText(state, atMs)}`]
  }

  const linesOf = (event: RunEvent, state: RunState): string[] => {
    switch (event.type) {
      case 'run.started':
        return startLines(event)
      case 'step.items':
      case 'task.hits':
      case 'task.done':
      case 'task.skipped': {
        const step = state.stepById.get(event.step)
        return step === undefined ? [] : progress(step, state, event.atMs)
      }
      case 'task.failed': {
        failuresShown++
        const { atMs, step: id, address, item, problem } = event
        const step = state.stepById.get(id)
        const told =
          failuresShown <= FAILURES_TOLD
            ? failureLines({ atMs, step: id, address, item, problem }, paint)
            : failuresShown === FAILURES_TOLD + 1
              ? [`${paint.bad('✖')} more failures follow; they are in the summary and in the journal`]
              : []
        return [...told, ...(step === undefined ? [] : progress(step, state, atMs))]
      }
      case 'output.delivered': {
        const size = `${counted(event.files, 'file')}, ${formatBytes(event.bytes)}`
        return [`→ ${printable(event.name)}: ${printable(event.path)} (${size}${event.unchanged ? ', unchanged' : ''})`]
      }
      case 'remark': {
        const isNew = state.remarks.get(`${event.step ?? ''}\n${event.message}`)?.count === 1
        const where = [event.step, event.item].filter(part => part !== undefined).join(' ')
        return isNew ? [`! ${printable(where === '' ? event.message : `${where}: ${event.message}`)}`] : []
      }
      case 'run.stopping':
        return [`■ stopping: ${printable(event.reason)}; work in flight is finished and stored`]
      case 'run.finished':
        return ['', ...summaryLines(state, paint)]
      case 'unit.started':
      case 'unit.finished':
      case 'lane.sample':
      case 'memory.sample':
        return []
    }
  }

  return (event, state) => {
    if (over) return
    over = event.type === 'run.finished'
    const lines = linesOf(event, state)
    if (lines.length === 0) return
    const untimed = event.type === 'run.started' || event.type === 'run.finished'
    const stamp = untimed ? '' : clockColumn(event.atMs - (state.started?.atMs ?? event.atMs))
    write(
      lines.map((line, index) => `${index === 0 ? stamp : ' '.repeat(stamp.length)}${line}`.trimEnd()).join('\n') +
        '\n',
    )
  }
}

const QUIET_MS = 5000
const FAILURES_TOLD = 20

function startLines(event: Extract<RunEvent, { type: 'run.started' }>): string[] {
  const cells = event.steps.reduce((sum, step) => sum + step.cells, 0)
  const lanes = event.lanes.map(lane => `${lane.lane} ${lane.width}`).join(', ')
  return [
    `${printable(event.pipeline)}  run ${event.runId}`,
    `${counted(event.steps.length, 'step')}, ${counted(cells, 'cell')} · lanes: ${lanes} · memory ${formatBytes(event.memoryBudgetBytes)} · cache ${printable(event.cacheDirectory ?? 'off')}`,
  ]
}

function endText(step: StepState): string {
  const parts = [
    `${printable(step.id)}: ${counted(settledTasks(step), 'task')}`,
    step.hit > 0 ? `${formatCount(step.hit)} cached` : '',
    step.done > 0 ? `${formatCount(step.done)} computed` : '',
    step.rebuilt > 0 ? `${formatCount(step.rebuilt)} rebuilt` : '',
    step.failed > 0 ? `${formatCount(step.failed)} failed` : '',
    step.skipped > 0 ? `${formatCount(step.skipped)} skipped (${printable(step.skipReason ?? 'no reason given')})` : '',
  ]
  return parts.filter(part => part !== '').join(', ')
}

function progressText(step: StepState, atMs: number): string {
  const of = step.tasks === undefined ? '' : ` of ${formatCount(step.tasks)}`
  const share = stepShare(step)
  const parts = [
    `${printable(step.id)}: ${formatCount(settledTasks(step))}${of}${share === undefined ? '' : ` (${formatShare(share)})`}`,
    step.hit > 0 ? `${formatCount(step.hit)} cached` : '',
    step.failed > 0 ? `${formatCount(step.failed)} failed` : '',
    formatRate(stepRate(step, atMs)),
  ]
  return parts.filter(part => part !== '').join(', ')
}

function leftText(state: RunState, atMs: number): string {
  const left = estimateRemaining(state, atMs)
  return left === undefined ? '' : `, ${left.atLeast ? 'at least' : 'about'} ${formatClock(left.ms)} left`
}

/** Time since the start, six cells wide: `  2m 5s  `. */
function clockColumn(ms: number): string {
  return `${formatClock(ms).padStart(7)}  `
}
