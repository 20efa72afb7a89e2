import type { RunEvent } from '../contract/event.ts'
import { failureLines } from '../report/failure-text.ts'
import { counted, formatBytes, formatClock, formatCount, formatShare } from '../report/format.ts'
import { noPaint, type Paint } from '../report/paint.ts'
import { printable } from '../report/printable.ts'
import { estimateRemaining, runTotals, stepPhase, stepShare } from '../report/progress.ts'
import { type RunState, type StepState, settledTasks } from '../report/run-state.ts'
import type { RunListener } from '../report/run-store.ts'
import { summaryLines } from '../report/summary.ts'

/**
 * Lines for pipes, CI and dumb terminals: the start, progress of the whole run now and then, the end of each step,
 * failures and outputs at once, the summary. Progress is told at most every five seconds or every twentieth of the run
 * so far, whichever is longer, so a night of work does not fill a log.
 */
export function plainLines(write: (text: string) => void, paint: Paint = noPaint): RunListener {
  /** By step: how many tasks it had when it told its end. More may be found later. */
  const ended = new Map<string, number>()
  let toldMs: number | undefined
  let over = false
  let failuresShown = 0

  const endOf = (step: StepState | undefined): string[] => {
    if (step?.tasks === undefined || settledTasks(step) < step.tasks || ended.get(step.id) === step.tasks) return []
    ended.set(step.id, step.tasks)
    const phase = stepPhase(step)
    const mark = phase === 'failed' ? paint.bad('✖') : phase === 'skipped' ? paint.warn('–') : paint.good('✔')
    return [`${mark} ${endText(step)}`]
  }

  const progress = (state: RunState, atMs: number): string[] => {
    const startMs = state.started?.atMs ?? atMs
    toldMs ??= startMs
    if (atMs - toldMs < Math.max(QUIET_MS, (atMs - startMs) / 20)) return []
    toldMs = atMs
    return [progressText(state, atMs)]
  }

  const linesOf = (event: RunEvent, state: RunState): string[] => {
    switch (event.type) {
      case 'run.started':
        return startLines(event)
      case 'step.items':
      case 'task.hits':
      case 'task.done':
      case 'task.skipped':
        return [...endOf(state.stepById.get(event.step)), ...progress(state, event.atMs)]
      case 'task.failed': {
        failuresShown++
        const { atMs, step: id, address, item, problem } = event
        const told =
          failuresShown <= FAILURES_TOLD
            ? failureLines({ atMs, step: id, address, item, problem }, paint)
            : failuresShown === FAILURES_TOLD + 1
              ? [`${paint.bad('✖')} more failures follow; they are in the summary and in the journal`]
              : []
        return [...told, ...endOf(state.stepById.get(id))]
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
      // Samples keep coming while one long task runs.
      case 'unit.started':
      case 'unit.finished':
      case 'lane.sample':
      case 'memory.sample':
      case 'memory.spilled':
        return progress(state, event.atMs)
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
const STEPS_NAMED = 3

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

/** `1,203 of 1,968 tasks, 688 cached; propose 63%, heads 59%, mean 58%, 3 more; at least 10s left`. */
function progressText(state: RunState, atMs: number): string {
  const totals = runTotals(state)
  const running = state.steps
    .filter(step => stepPhase(step) === 'running' || (step.failed > 0 && (stepShare(step) ?? 0) < 1))
    .sort((a, b) => (stepShare(a) ?? 0) - (stepShare(b) ?? 0))
  const named = running.slice(0, STEPS_NAMED).map(step => {
    const share = stepShare(step)
    return `${printable(step.id)} ${share === undefined ? formatCount(settledTasks(step)) : formatShare(share)}`
  })
  if (running.length > STEPS_NAMED) named.push(`${running.length - STEPS_NAMED} more`)
  const counts = [
    `${formatCount(totals.settled)} of ${formatCount(totals.tasks)}${totals.open ? '+' : ''} tasks`,
    totals.hit > 0 ? `${formatCount(totals.hit)} cached` : '',
    totals.failed > 0 ? `${formatCount(totals.failed)} failed` : '',
  ]
  const left = estimateRemaining(state, atMs)
  const leftText = left === undefined ? '' : `${left.atLeast ? 'at least' : 'about'} ${formatClock(left.ms)} left`
  return [counts.filter(part => part !== '').join(', '), named.join(', '), leftText]
    .filter(part => part !== '')
    .join('; ')
}

/** Time since the start, six cells wide: `  2m 5s  `. */
function clockColumn(ms: number): string {
  return `${formatClock(ms).padStart(7)}  `
}
