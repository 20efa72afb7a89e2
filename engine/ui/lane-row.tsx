import { Text } from 'ink'
import { memo } from 'react'
import { formatBytes, formatCount, formatShare } from '../report/format.ts'
import type { LaneState, RunState } from '../report/run-state.ts'
import { meter } from './bar.ts'

/** One line of the machine: a lane's busy share, or memory against its budget. */
export interface MeterRowProps {
  readonly label: string
  readonly full: string
  readonly rest: string
  readonly share: string
  readonly text: string
  /** Colour of the meter. */
  readonly color: string
}

export function laneRowProps(lane: LaneState, columns: number): MeterRowProps {
  const bar = meter(meterWidth(columns), lane.busyShare)
  const queued = lane.queued === 0 ? '' : `, ${formatCount(lane.queued)} queued`
  return {
    label: lane.lane.padEnd(LABEL),
    full: bar.full,
    rest: bar.rest,
    share: formatShare(lane.busyShare).padStart(5),
    text: `  ${lane.running} of ${lane.width} running${queued}`,
    color: 'cyan',
  }
}

export function memoryRowProps(state: RunState, columns: number): MeterRowProps {
  const share = state.budgetBytes === 0 ? 0 : state.residentBytes / state.budgetBytes
  const bar = meter(meterWidth(columns), share)
  return {
    label: 'memory'.padEnd(LABEL),
    full: bar.full,
    rest: bar.rest,
    share: formatShare(share).padStart(5),
    text: `  ${formatBytes(state.residentBytes)} of ${formatBytes(state.budgetBytes)}`,
    color: share > 0.95 ? 'red' : share > 0.8 ? 'yellow' : 'cyan',
  }
}

/** All of it in one line, for low terminals: `gpu 91% +14  cpu 12%  memory 2.1 GiB of 4 GiB`. */
export function machineText(state: RunState): string {
  const lanes = state.lanes.map(lane => {
    const queued = lane.queued === 0 ? '' : ` +${formatCount(lane.queued)}`
    return `${lane.lane} ${formatShare(lane.busyShare)}${queued}`
  })
  return [...lanes, `memory ${formatBytes(state.residentBytes)} of ${formatBytes(state.budgetBytes)}`].join('  ')
}

export const MeterRow = memo(function MeterRow(props: MeterRowProps) {
  return (
    <Text wrap="truncate">
      {props.label}
      <Text color={props.color}>{props.full}</Text>
      <Text dimColor>{props.rest}</Text>
      {props.share}
      <Text dimColor>{props.text}</Text>
    </Text>
  )
})

const LABEL = 8

function meterWidth(columns: number): number {
  return Math.max(4, Math.min(24, columns - 48))
}
