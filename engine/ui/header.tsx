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

/** `1,203 of 5,760 tasks: 800 cached, 401 computed, 2 failed · 403 inferences`; the least telling parts give way. */
export function totalsText(state: RunState, columns: number): string {
  const totals = runTotals(state)
  const of = `${formatCount(totals.settled)} of ${formatCount(totals.tasks)}${totals.open ? '+' : ''} tasks`
  const inferences = state.inferences === 0 ? '' : ` · ${counted(state.inferences, 'inference')}`
  const wide = [part(totals.hit, 'cached'), part(totals.done, 'computed'), part(totals.rebuilt, 'rebuilt')]
  const lost = [part(totals.failed, 'failed'), part(totals.skipped, 'skipped')]
  const texts = [
    listed(of, [...wide, ...lost]) + inferences,
    listed(of, [...wide, part(totals.failed, 'failed')]) + inferences,
    listed(of, [...wide, part(totals.failed, 'failed')]),
    listed(of, [part(totals.failed, 'failed')]),
  ]
  return texts.find(text => displayWidth(text) <= columns) ?? of
}

function part(count: number, word: string): string {
  return count === 0 ? '' : `${formatCount(count)} ${word}`
}

function listed(lead: string, parts: readonly string[]): string {
  const list = parts.filter(text => text !== '').join(', ')
  return list === '' ? lead : `${lead}: ${list}`
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
