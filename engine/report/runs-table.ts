import type { RunRow } from '../contract/store.ts'
import { formatCount, formatDuration } from './format.ts'
import { tableLines } from './table.ts'

/**
 * What `runs` prints, in the order given. Times are UTC. A run without an end is `unfinished`: it is still going or
 * was killed.
 * @param nowMs - milliseconds since the epoch; nothing but the age column depends on it.
 */
export function runsLines(runs: readonly RunRow[], nowMs: number): string[] {
  if (runs.length === 0) return ['No runs yet.']
  const rows = runs.map(run => {
    const summary = readSummary(run.summaryJson)
    return [
      run.id,
      run.pipeline,
      utcText(run.startedMs),
      `${formatDuration(Math.max(0, Math.floor((nowMs - run.startedMs) / 1000) * 1000))} ago`,
      run.finishedMs === undefined ? '' : formatDuration(run.finishedMs - run.startedMs),
      run.finishedMs === undefined ? 'unfinished' : run.status,
      summary.cached,
      summary.computed,
      summary.failed,
      summary.inferences,
    ]
  })
  const titles = ['run', 'pipeline', 'started', '', 'took', 'status', 'cached', 'computed', 'failed', 'inferences']
  return tableLines(
    titles.map(title => ({ title, align: RIGHT.has(title) ? 'right' : 'left' })),
    rows,
  )
}

/** What the record of a run adds to its journal: its parameters, and the forecast of its time. */
export function recordLines(run: RunRow | undefined): string[] {
  if (run === undefined) return []
  const params = Object.entries(asRecord(parsed(run.paramsJson)))
  const summary = asRecord(parsed(run.summaryJson))
  const [forecastMs, wallMs] = [numberIn(summary, 'forecastMs'), numberIn(summary, 'wallMs')]
  return [
    ...(params.length === 0
      ? []
      : [`with ${params.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')}`]),
    ...(forecastMs === undefined || wallMs === undefined
      ? []
      : [`took ${formatDuration(wallMs)}; forecast ${formatDuration(forecastMs)}`]),
  ]
}

const RIGHT = new Set(['', 'took', 'cached', 'computed', 'failed', 'inferences'])

function utcText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

interface SummaryCells {
  readonly cached: string
  readonly computed: string
  readonly failed: string
  readonly inferences: string
}

/** The summary is what the run stored at its end (`run.finished`); one of another version may lack numbers. */
function readSummary(json: string | undefined): SummaryCells {
  const summary = asRecord(parsed(json))
  const tasks = asRecord(summary['tasks'])
  const done = numberIn(tasks, 'done')
  return {
    cached: countText(numberIn(tasks, 'hit')),
    computed: countText(done === undefined ? undefined : done + (numberIn(tasks, 'rebuilt') ?? 0)),
    failed: countText(numberIn(tasks, 'failed')),
    inferences: countText(numberIn(summary, 'inferences')),
  }
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}

function asRecord(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { readonly [key: string]: unknown }) : {}
}

function numberIn(record: { readonly [key: string]: unknown }, key: string): number | undefined {
  const value = record[key]
  return typeof value === 'number' ? value : undefined
}

function countText(count: number | undefined): string {
  return count === undefined ? '' : formatCount(count)
}
