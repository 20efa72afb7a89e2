import { Text } from 'ink'
import { memo } from 'react'
import { counted, formatClock, formatCount } from '../report/format.ts'
import { cutEnd, displayWidth, printable } from '../report/printable.ts'
import { elapsedMs, estimateRemaining, runTotals } from '../report/progress.ts'
import type { RunState } from '../report/run-state.ts'

/** What runs, how long it has been running and how long it will take. */
export interface HeaderProps {
  readonly name: string
  readonly runId: string
  readonly status: string
  readonly time: string
}

/** The time keeps its place at the right edge; the run's id, then the name give way to it. */
export function headerProps(state: RunState, columns: number, nowMs: number): HeaderProps {
  const time = timeText(state, nowMs)
  const status = state.stopping === undefined ? '' : '  stopping'
  const room = columns - displayWidth(time) - displayWidth(status) - 2
  const name = cutEnd(printable(state.started?.pipeline ?? 'starting'), Math.max(0, room))
  const id = `  ${state.started?.runId ?? ''}`
  const runId = displayWidth(name) + displayWidth(id) <= room ? id : ''
  const padding = columns - displayWidth(name + runId + status + time)
  return { name, runId, status, time: ' '.repeat(Math.max(0, padding)) + time }
}

/** `2m 13s, about 4m left`; nothing is said of the rest before something was measured. */
export function timeText(state: RunState, nowMs: number): string {
  const elapsed = formatClock(elapsedMs(state, nowMs))
  const left = estimateRemaining(state, nowMs)
  if (left === undefined) return elapsed
  return `${elapsed}, ${left.atLeast ? 'at least' : 'about'} ${formatClock(left.ms)} left`
}

/** `1,203 of 5,760 tasks: 800 cached, 401 computed, 2 failed · 403 inferences`. */
export function totalsText(state: RunState): string {
  const totals = runTotals(state)
  const parts = [
    totals.hit > 0 ? `${formatCount(totals.hit)} cached` : '',
    totals.done > 0 ? `${formatCount(totals.done)} computed` : '',
    totals.rebuilt > 0 ? `${formatCount(totals.rebuilt)} rebuilt` : '',
    totals.failed > 0 ? `${formatCount(totals.failed)} failed` : '',
    totals.skipped > 0 ? `${formatCount(totals.skipped)} skipped` : '',
  ].filter(part => part !== '')
  const of = `${formatCount(totals.settled)} of ${formatCount(totals.tasks)}${totals.open ? '+' : ''} tasks`
  const inferences = state.inferences === 0 ? '' : ` · ${counted(state.inferences, 'inference')}`
  return `${of}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${inferences}`
}

export const Header = memo(function Header(props: HeaderProps) {
  return (
    <Text wrap="truncate">
      <Text bold>{props.name}</Text>
      <Text dimColor>{props.runId}</Text>
      <Text color="yellow">{props.status}</Text>
      {props.time}
    </Text>
  )
})
