import { Text } from 'ink'
import { failureLines } from '../report/failure-text.ts'
import { formatCount } from '../report/format.ts'
import type { RunState } from '../report/run-state.ts'

/** The failures from `first` on, as many lines as there is room for. */
export function Errors(props: { readonly state: RunState; readonly first: number; readonly rows: number }) {
  return errorLines(props.state, props.first, props.rows).map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
    <Text key={index} wrap="truncate" {...(line.startsWith('✖') ? { color: 'red' } : {})}>
      {line}
    </Text>
  ))
}

export function errorLines(state: RunState, first: number, rows: number): string[] {
  if (state.failureCount === 0) return ['Nothing failed so far.']
  const title = `failure ${formatCount(first + 1)} of ${formatCount(state.failureCount)}  (↑ ↓ to move)`
  const lines = state.failures.slice(first, first + rows).flatMap(failure => failureLines(failure))
  return [title, ...lines].slice(0, rows)
}
