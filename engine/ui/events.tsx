import { Text } from 'ink'
import { memo } from 'react'
import { formatClock } from '../report/format.ts'
import { printable } from '../report/printable.ts'
import type { Happening } from '../report/run-state.ts'

/** One of the last happenings: time since the start, then what happened. */
export interface EventRowProps {
  readonly clock: string
  readonly tone: Happening['tone']
  readonly text: string
}

export function eventRowProps(happening: Happening, startedMs: number): EventRowProps {
  return {
    clock: formatClock(happening.atMs - startedMs).padStart(7),
    tone: happening.tone,
    text: printable(happening.text),
  }
}

export const EventRow = memo(function EventRow(props: EventRowProps) {
  return (
    <Text wrap="truncate">
      <Text dimColor>{props.clock} </Text>
      <Text {...COLORS[props.tone]}> {props.text}</Text>
    </Text>
  )
})

const COLORS = { good: { dimColor: true }, bad: { color: 'red' }, note: { color: 'yellow' } }
