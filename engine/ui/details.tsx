import { Text } from 'ink'
import { counted, formatBytes, formatClock, formatCount, formatDuration, formatRate } from '../report/format.ts'
import { printable } from '../report/printable.ts'
import { meanTaskMs, stepPhase, stepRate } from '../report/progress.ts'
import type { RunState, StepState } from '../report/run-state.ts'

/** Everything known of one step, most important line first. */
export function Details(props: {
  readonly state: RunState
  readonly step: StepState
  readonly rows: number
  readonly nowMs: number
}) {
  return detailLines(props.state, props.step, props.nowMs)
    .slice(0, props.rows)
    .map(([label, text]) => (
      <Text key={`${label} ${text}`} wrap="truncate">
        <Text dimColor>{label.padEnd(12)}</Text>
        {text}
      </Text>
    ))
}

export function detailLines(state: RunState, step: StepState, nowMs: number): [label: string, text: string][] {
  const mean = meanTaskMs(step)
  const rate = formatRate(stepRate(step, nowMs))
  const counts = [
    `${formatCount(step.hit)} cached`,
    `${formatCount(step.done)} computed`,
    `${formatCount(step.rebuilt)} rebuilt`,
    `${formatCount(step.failed)} failed`,
    `${formatCount(step.skipped)} skipped`,
  ]
  const lines: [string, string][] = [
    ['step', `${printable(step.id)}  (${printable(step.node)}, lane ${step.lane}, ${counted(step.cells, 'cell')})`],
    ['tasks', `${step.tasks === undefined ? 'not known yet' : formatCount(step.tasks)}: ${counts.join(', ')}`],
    [
      'work',
      mean === undefined
        ? `none yet (${stepPhase(step)})`
        : `${formatDuration(step.spentMs)}, ${formatDuration(mean)} per task${rate === '' ? '' : `, ${rate}`}`,
    ],
    ['made', `${formatBytes(step.outputBytes)}, ${counted(step.inferences, 'inference')}`],
  ]
  if (step.skipReason !== undefined) lines.push(['skipped', printable(step.skipReason)])
  const failure = state.failures.findLast(candidate => candidate.step === step.id)
  if (failure !== undefined) {
    lines.push(['last failure', printable(`${failure.item ?? failure.address}: ${failure.problem.message}`)])
    if (failure.problem.fix !== undefined) lines.push(['try', printable(failure.problem.fix)])
  }
  for (const unit of state.flight.units.values()) {
    if (state.stepsByGroup.get(unit.group)?.includes(step) !== true) continue
    const since = formatClock(nowMs - unit.atMs)
    lines.push([unit.slot, printable(`${unit.item ?? 'whole collection'}, for ${since}`)])
  }
  return lines
}
