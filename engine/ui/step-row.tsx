import { Text } from 'ink'
import { memo } from 'react'
import { formatCount, formatRate, formatShare } from '../report/format.ts'
import { cutMiddle, printable, toWidth } from '../report/printable.ts'
import { type StepPhase, stepPhase, stepRate, stepShare } from '../report/progress.ts'
import { type StepState, settledTasks } from '../report/run-state.ts'
import { progressBar } from './bar.ts'
import type { StepColumns } from './layout.ts'

/** One line of the table of steps; only texts, so that an unchanged line is not drawn again. */
export interface StepRowProps {
  readonly phase: StepPhase
  readonly selected: boolean
  readonly name: string
  readonly cells: string
  readonly barCached: string
  readonly barComputed: string
  readonly barLost: string
  readonly barRest: string
  readonly counts: string
  readonly failed: string
  readonly rate: string
}

export function stepRowProps(step: StepState, width: StepColumns, nowMs: number, selected: boolean): StepRowProps {
  const phase = stepPhase(step)
  const settled = settledTasks(step)
  const share = stepShare(step)
  const of =
    step.tasks === undefined
      ? settled === 0
        ? ''
        : `${formatCount(settled)}/?`
      : `${formatCount(settled)}/${formatCount(step.tasks)}`
  const bar = progressBar(width.bar === 0 ? 0 : width.bar - 1, step.tasks, {
    cached: step.hit,
    computed: step.done + step.rebuilt,
    lost: step.failed + step.skipped,
  })
  const percent = share === undefined ? '' : formatShare(share)
  return {
    phase,
    selected,
    name: toWidth(cutMiddle(printable(step.id), Math.max(0, width.name - 1)), width.name),
    cells: toWidth(formatCount(step.cells), width.cells, 'right'),
    barCached: width.bar === 0 ? '' : ` ${bar.cached}`,
    barComputed: bar.computed,
    barLost: bar.lost,
    barRest: bar.rest,
    counts:
      toWidth(percent, width.percent, 'right') +
      toWidth(of, width.settled, 'right') +
      toWidth(countText(step.hit), width.cached, 'right'),
    failed: toWidth(countText(step.failed), width.failed, 'right'),
    rate: toWidth(
      phase === 'running' || phase === 'failed' ? formatRate(stepRate(step, nowMs)) : '',
      width.rate,
      'right',
    ),
  }
}

/** The line above the rows, aligned with them. */
export function stepTitles(width: StepColumns): string {
  return [
    ' '.repeat(2),
    toWidth('step', width.name),
    toWidth('cells', width.cells, 'right'),
    ' '.repeat(width.bar + width.percent),
    toWidth('tasks', width.settled, 'right'),
    toWidth('cached', width.cached, 'right'),
    toWidth('failed', width.failed, 'right'),
    toWidth('rate', width.rate, 'right'),
  ].join('')
}

export const StepRow = memo(function StepRow(props: StepRowProps) {
  const { mark, color } = MARKS[props.phase]
  const quiet = props.phase === 'waiting' || props.phase === 'skipped'
  return (
    <Text wrap="truncate" dimColor={quiet} inverse={props.selected}>
      <Text color={color}>{mark} </Text>
      {props.name}
      {props.cells}
      <Text color="blue">{props.barCached}</Text>
      <Text color="green">{props.barComputed}</Text>
      <Text color="red">{props.barLost}</Text>
      <Text dimColor>{props.barRest}</Text>
      {props.counts}
      <Text color="red">{props.failed}</Text>
      {props.rate}
    </Text>
  )
})

const MARKS: { readonly [phase in StepPhase]: { readonly mark: string; readonly color: string } } = {
  waiting: { mark: '·', color: 'gray' },
  running: { mark: '▶', color: 'cyan' },
  done: { mark: '✔', color: 'green' },
  failed: { mark: '✖', color: 'red' },
  skipped: { mark: '–', color: 'yellow' },
}

function countText(count: number): string {
  return count === 0 ? '' : formatCount(count)
}
