import { stepPhase } from '../report/progress.ts'
import type { StepState } from '../report/run-state.ts'

/**
 * Who gets how many lines and columns. The frame is always at least one line shorter than the terminal: a frame that
 * fills it would scroll with every redraw.
 */
export interface Frame {
  /** A line of totals below the header. */
  readonly totals: boolean
  /** Lines for steps, the "… more" line included, the titles not. */
  readonly stepRows: number
  readonly titles: boolean
  /** A line for each lane and for memory, all in one line, or none. */
  readonly machine: 'lines' | 'one-line' | 'none'
  readonly eventRows: number
  /** Empty lines between the parts. */
  readonly gaps: boolean
}

/** Steps come first; events take what is left, six lines at most. */
export function frameOf(rows: number, steps: number, lanes: number, events: number): Frame {
  const usable = Math.max(1, rows - 1)
  const gaps = rows >= 20
  const machine = rows >= 18 ? 'lines' : rows >= 8 ? 'one-line' : 'none'
  const titles = rows >= 8
  const totals = rows >= 12
  const machineRows = machine === 'lines' ? lanes + 1 : machine === 'one-line' ? 1 : 0
  const header = 1
  const footer = rows >= 5 ? 1 : 0
  const fixed = header + footer + Number(totals) + Number(titles) + machineRows + (gaps ? 3 : 0)
  const reserved = Math.min(events, rows >= 30 ? 3 : rows >= 14 ? 2 : 0)
  const stepRows = Math.max(0, Math.min(steps, usable - fixed - reserved))
  const eventRows = Math.max(0, Math.min(events, 6, usable - fixed - stepRows))
  return { totals, stepRows, titles, machine, eventRows, gaps }
}

export interface StepChoice {
  readonly shown: readonly StepState[]
  /** Counts by phase of the steps that found no room. */
  readonly hidden: {
    readonly failed: number
    readonly running: number
    readonly waiting: number
    readonly done: number
  }
}

/** Failed and running steps first, then the next to run, then the last to end; shown in the order of the pipeline. */
export function chooseSteps(steps: readonly StepState[], rows: number): StepChoice {
  const hidden = { failed: 0, running: 0, waiting: 0, done: 0 }
  if (steps.length <= rows) return { shown: steps, hidden }
  const order = steps.map((step, index) => ({ step, index, rank: rankOf(step, index, steps.length) }))
  const best = order.sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, Math.max(0, rows - 1))
  const kept = new Set(best.map(entry => entry.step))
  for (const step of steps) {
    if (kept.has(step)) continue
    const phase = stepPhase(step)
    hidden[phase === 'skipped' ? 'done' : phase]++
  }
  return { shown: best.sort((a, b) => a.index - b.index).map(entry => entry.step), hidden }
}

function rankOf(step: StepState, index: number, count: number): number {
  switch (stepPhase(step)) {
    case 'failed':
      return 0
    case 'running':
      return 1
    case 'waiting':
      return 2 + index / count
    case 'done':
    case 'skipped':
      return 3 + (1 - index / count)
  }
}

/** First index of a window of `rows` entries that keeps `selected` in view. */
export function windowStart(selected: number, count: number, rows: number): number {
  return Math.max(0, Math.min(count - rows, selected - Math.floor(rows / 2)))
}

/** Widths of the columns of a step line; 0 leaves a column out. Narrow terminals lose cells and bar, then rate, cached and failed. */
export interface StepColumns {
  readonly name: number
  readonly cells: number
  readonly bar: number
  readonly percent: number
  readonly settled: number
  readonly cached: number
  readonly failed: number
  readonly rate: number
}

export function stepColumns(columns: number, longestName: number): StepColumns {
  const cells = columns >= 64 ? 6 : 0
  const rate = columns >= 56 ? 9 : 0
  const cached = columns >= 46 ? 9 : 0
  const failed = columns >= 38 ? 8 : 0
  const settled = columns >= 64 ? 15 : 12
  const percent = columns >= 24 ? 5 : 0
  const left = columns - MARK - cells - rate - cached - failed - settled - percent
  const bar = left >= 24 ? Math.min(40, Math.max(8, left - Math.max(12, longestName + 1)), left - 14) : 0
  return { name: Math.max(0, left - bar), cells, bar, percent, settled, cached, failed, rate }
}

/** Cells of the phase mark before the name. */
export const MARK = 2
