import type { RunStatus } from '../contract/event.ts'
import { failureDigest } from './failure-text.ts'
import { counted, formatBytes, formatCount, formatDuration, formatShare } from './format.ts'
import { noPaint, type Paint } from './paint.ts'
import { printable } from './printable.ts'
import { elapsedMs, meanTaskMs, runTotals, stepPhase } from './progress.ts'
import { type RunState, settledTasks } from './run-state.ts'
import { tableLines } from './table.ts'

/**
 * What stays on the terminal when a run has ended, as lines: how it ended, the outputs and where they are, what came
 * from the cache, what the rest cost, what failed, and what to do next. Needs a state with `run.finished`.
 */
export function summaryLines(state: RunState, paint: Paint = noPaint): string[] {
  const { started, finished } = state
  if (started === undefined || finished === undefined) return []
  const sections = [
    [headline(state, paint)],
    outputLines(state, paint),
    stepLines(state, paint),
    costLines(state),
    remarkLines(state, paint),
    state.failureCount === 0 ? [] : failureDigest(state.failures, state.failureCount, paint, 5),
    nextLines(state, finished.status, paint),
  ]
  return sections
    .filter(section => section.length > 0)
    .flatMap((section, index) => (index === 0 ? section : ['', ...section]))
}

const ENDED: { readonly [status in RunStatus]: string } = {
  done: 'done',
  failed: 'failed',
  stopped: 'stopped on request',
  interrupted: 'interrupted',
}

function headline(state: RunState, paint: Paint): string {
  const status = state.finished?.status ?? 'failed'
  const tone = status === 'done' ? paint.good : status === 'failed' ? paint.bad : paint.warn
  const mark = status === 'done' ? '✔' : status === 'failed' ? '✖' : '■'
  const name = printable(state.started?.pipeline ?? '')
  const took = formatDuration(elapsedMs(state, state.atMs))
  return `${tone(mark)} ${paint.bold(name)} ${tone(ENDED[status])} after ${took}  ${paint.dim(`run ${state.started?.runId}`)}`
}

function outputLines(state: RunState, paint: Paint): string[] {
  const delivered = new Map(state.outputs.map(output => [output.name, output]))
  const rows = Object.entries(state.finished?.outputs ?? {}).map(([name, path]) => {
    const output = delivered.get(name)
    const size = output === undefined ? '' : `${counted(output.files, 'file')}, ${formatBytes(output.bytes)}`
    return [name, path, output?.unchanged === true ? `${size} (unchanged)` : size]
  })
  if (rows.length === 0) return []
  const columns = [{ title: '' }, { title: '' }, { title: '' }]
  return [paint.bold('outputs'), ...tableLines(columns, rows, { indent: 2, bare: true })]
}

function stepLines(state: RunState, paint: Paint): string[] {
  const begun = state.steps.filter(step => settledTasks(step) > 0)
  const unbegun = state.steps.filter(step => settledTasks(step) === 0 && stepPhase(step) === 'waiting').length
  const rows = begun.map(step => {
    const mean = meanTaskMs(step)
    return [
      step.id,
      step.tasks === undefined ? '?' : formatCount(step.tasks),
      shown(step.hit),
      shown(step.done),
      shown(step.rebuilt),
      shown(step.failed),
      shown(step.skipped),
      step.spentMs === 0 ? '' : formatDuration(step.spentMs),
      mean === undefined ? '' : formatDuration(mean),
    ]
  })
  const columns = ['step', 'tasks', 'cached', 'computed', 'rebuilt', 'failed', 'skipped', 'work', 'per task']
  const [titles, ...lines] = tableLines(
    columns.map((title, index) => ({ title, align: index === 0 ? 'left' : 'right' })),
    rows,
    { indent: 2 },
  )
  const rest = unbegun === 0 ? [] : [`  ${paint.dim(`… ${counted(unbegun, 'step')} did not start`)}`]
  return begun.length === 0 ? rest : [paint.dim(titles ?? ''), ...lines, ...rest]
}

/** Zeros are left out: the eye finds what is there. */
function shown(count: number): string {
  return count === 0 ? '·' : formatCount(count)
}

function costLines(state: RunState): string[] {
  const tasks = state.finished?.tasks ?? runTotals(state)
  const rebuilt = tasks.rebuilt === 0 ? '' : `, ${formatCount(tasks.rebuilt)} rebuilt`
  const wallMs = Math.max(1, elapsedMs(state, state.atMs))
  const busy = state.lanes
    .filter(lane => lane.busyMs > 0)
    .map(lane => `${lane.lane} ${formatShare(lane.busyMs / (wallMs * lane.width))}`)
  const memory =
    state.peakResidentBytes === 0
      ? []
      : [`peak memory ${formatBytes(state.peakResidentBytes)} of ${formatBytes(state.budgetBytes)}`]
  const relief = [
    ...(state.spilledBytes === 0 ? [] : [`${formatBytes(state.spilledBytes)} waited on disk`]),
    ...(state.droppedValues === 0 ? [] : [`${counted(state.droppedValues, 'value')} dropped and made again`]),
  ]
  const machine = [...(busy.length === 0 ? [] : [`busy: ${busy.join(', ')}`]), ...memory, ...relief].join(' · ')
  return [
    `${counted(tasks.hit, 'task')} cached, ${formatCount(tasks.done)} computed${rebuilt} · ${counted(state.inferences, 'inference')}`,
    ...(machine === '' ? [] : [machine]),
  ]
}

function remarkLines(state: RunState, paint: Paint): string[] {
  const remarks = [...state.remarks.values()]
  if (remarks.length === 0) return []
  const lines = remarks.slice(0, 6).map(remark => {
    const where = remark.step === undefined ? '' : `${remark.step}: `
    const times =
      remark.count === 1
        ? (remark.firstItem ?? '')
        : `${formatCount(remark.count)} times, first ${remark.firstItem ?? 'without an item'}`
    return `  ${printable(where + remark.message)}${times === '' ? '' : paint.dim(` (${printable(times)})`)}`
  })
  const hidden = remarks.length - lines.length
  return [paint.bold('remarks'), ...lines, ...(hidden > 0 ? [`  … ${formatCount(hidden)} more in the journal`] : [])]
}

function nextLines(state: RunState, status: RunStatus, paint: Paint): string[] {
  const totals = runTotals(state)
  const kept = totals.hit + totals.done + totals.rebuilt
  const keptText = kept === 0 ? '' : ` ${counted(kept, 'finished task')} will be read from the cache.`
  const lead = paint.bold('next:')
  switch (status) {
    case 'done':
      return []
    case 'failed':
      if (state.failureCount === 0) return [`${lead} no task failed; the remarks above say what is wrong.${keptText}`]
      return [`${lead} remove the cause above and run the same command again; failures are never cached.${keptText}`]
    case 'stopped':
    case 'interrupted':
      return [`${lead} run the same command again to continue.${keptText}`]
  }
}
