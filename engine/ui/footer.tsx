import { Text } from 'ink'
import { memo } from 'react'
import { formatCount } from '../report/format.ts'
import type { View } from './view.ts'

/** The keys that do something now, or what was asked of the run. */
export interface FooterProps {
  readonly keys: string
  readonly warning: string
}

export function footerProps(view: View, failureCount: number, columns: number): FooterProps {
  const warning =
    view.stops === 0 ? '' : view.stops === 1 ? 'stopping: work in flight is finished; q again aborts  ' : 'aborting  '
  const stop = view.stops === 0 ? 'q stop' : 'q abort'
  const errors = failureCount === 0 ? 'e errors' : `e errors (${formatCount(failureCount)})`
  const open = view.panel === 'steps' ? '' : '  esc back'
  const all = `${stop}  d details  ${errors}  ? help${open}`
  const keys = all.length + warning.length <= columns ? all : warning === '' ? `${stop}  ${errors}  ?` : ''
  return { keys, warning }
}

export const Footer = memo(function Footer(props: FooterProps) {
  return (
    <Text wrap="truncate">
      <Text color="yellow">{props.warning}</Text>
      <Text dimColor>{props.keys}</Text>
    </Text>
  )
})
