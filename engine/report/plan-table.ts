import type { CellPlan, PlanReport, StepPlan } from '../contract/plan.ts'
import { counted, formatBytes, formatCount, formatDuration } from './format.ts'
import { noPaint, type Paint } from './paint.ts'
import { printable } from './printable.ts'
import { tableLines } from './table.ts'

/**
 * What `plan` prints: per step how many tasks are stored (`hit`), will run, may run (only if an input that is being
 * made comes out different) or must be made again, what the step stores in all, and why its first task is not a hit.
 * `≈` marks numbers that come from earlier runs.
 */
export function planLines(plan: PlanReport, paint: Paint = noPaint, maxWidth?: number): string[] {
  const rows = plan.steps.flatMap(step => [
    [
      step.step,
      step.node,
      formatCount(step.cells),
      formatCount(step.tasks),
      shown(step.hit),
      shown(step.run),
      shown(step.maybe),
      shown(step.rebuild),
      bytesText(step),
      step.reason ?? '',
    ],
    ...(step.byCell ?? []).map(cellRow),
  ])
  const { totals } = plan
  const cells = plan.steps.reduce((sum, step) => sum + step.cells, 0)
  const tasks = plan.steps.reduce((sum, step) => sum + step.tasks, 0)
  const bytes = plan.steps.reduce((sum, step) => sum + (step.bytesPerTask ?? 0) * step.tasks, 0)
  const total = ['total', '', formatCount(cells), formatCount(tasks), shown(totals.hit), shown(totals.run)]
  total.push(shown(totals.maybe), shown(totals.rebuild), bytes === 0 ? '' : `≈ ${formatBytes(bytes)}`, '')
  const titles = ['step', 'node', 'cells', 'tasks', 'hit', 'run', 'maybe', 'rebuild', 'stored', 'why']
  const lines = tableLines(
    titles.map(title => ({ title, align: RIGHT.has(title) ? 'right' : 'left' })),
    [...rows, total],
    maxWidth === undefined ? {} : { maxWidth },
  )
  const items = plan.items.map(source => `${printable(source.step)} ${counted(source.items, 'item')}`).join(', ')
  return [
    `${paint.bold(printable(plan.pipeline))}${items === '' ? '' : `  ${items}`}`,
    '',
    paint.dim(lines[0] ?? ''),
    ...lines.slice(1, -1),
    paint.bold(lines.at(-1) ?? ''),
    '',
    inferenceText(totals.inferences, totals.inferencesAtMost),
    ...timeLines(plan),
    ...plan.deferred.map(check => `${paint.warn('checked later:')} ${printable(check)}`),
  ]
}

const RIGHT = new Set(['cells', 'tasks', 'hit', 'run', 'maybe', 'rebuild', 'stored'])

function cellRow(cell: CellPlan): string[] {
  const counts = [cell.hit, cell.run, cell.maybe, cell.rebuild].map(shown)
  return [`  ${cell.address}`, '', '', formatCount(cell.tasks), ...counts, '', cell.reason ?? '']
}

/** `About 5m, at least 4m (earlier forecasts were off by 12 % in the median).` */
function timeLines({ time }: PlanReport): string[] {
  if (time === undefined || time.ms === 0) return []
  const least = round(time.atLeastMs) < round(time.ms) ? `, at least ${formatDuration(round(time.atLeastMs))}` : ''
  const measured =
    time.error === undefined
      ? 'no earlier forecast to compare with'
      : `earlier forecasts were off by ${Math.round(time.error * 100)} % in the median`
  return [`About ${formatDuration(round(time.ms))}${least} (${measured}).`]
}

/** To tenths of a second. */
function round(ms: number): number {
  return Math.round(ms / 100) * 100
}

function shown(count: number): string {
  return count === 0 ? '·' : formatCount(count)
}

function bytesText(step: StepPlan): string {
  return step.bytesPerTask === undefined ? '' : `≈ ${formatBytes(step.bytesPerTask * step.tasks)}`
}

function inferenceText(now: number, atMost: number): string {
  if (atMost === 0) return 'Nothing will be inferred.'
  if (now === atMost) return `${counted(now, 'inference')}.`
  return `${counted(now, 'inference')}, at most ${formatCount(atMost)} if every "maybe" has to run.`
}
