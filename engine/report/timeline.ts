import type { RunEvent } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'
import { type BusySpan, beginUnit, endUnit, noUnits, openSpans } from './units-in-flight.ts'

/** How busy each lane was over a run, in equal bins, and how much memory was in use: the data behind the HTML report. */
export interface Timeline {
  readonly startMs: number
  readonly endMs: number
  readonly bins: number
  readonly lanes: readonly { readonly lane: Lane; readonly width: number; readonly busyShare: Float64Array }[]
  /** Largest sample of each bin, bytes; a bin without a sample holds the one before. */
  readonly residentBytes: Float64Array
}

/** A unit that never finished (the run was killed) counts until the newest event. */
export function timelineOf(events: readonly RunEvent[], bins: number): Timeline {
  const started = events.find(event => event.type === 'run.started')
  const startMs = started?.atMs ?? events[0]?.atMs ?? 0
  const endMs = events.reduce((latest, event) => Math.max(latest, event.atMs), startMs + 1)
  const binMs = (endMs - startMs) / bins
  const lanes = (started?.lanes ?? []).map(({ lane, width }) => ({ lane, width, busyShare: new Float64Array(bins) }))
  const byName = new Map(lanes.map(lane => [lane.lane, lane]))
  const flight = noUnits()
  const residentBytes = new Float64Array(bins)

  const occupy = (span: BusySpan | undefined): void => {
    const target = span === undefined ? undefined : byName.get(span.lane)
    if (span === undefined || target === undefined) return
    const { fromMs, toMs } = span
    const first = Math.max(0, Math.floor((fromMs - startMs) / binMs))
    const last = Math.min(bins - 1, Math.floor((toMs - startMs) / binMs))
    for (let bin = first; bin <= last; bin++) {
      const binStartMs = startMs + bin * binMs
      const overlapMs = Math.min(toMs, binStartMs + binMs) - Math.max(fromMs, binStartMs)
      if (overlapMs > 0) target.busyShare[bin] = (target.busyShare[bin] ?? 0) + overlapMs / (binMs * target.width)
    }
  }
  for (const event of events) {
    if (event.type === 'unit.started') {
      occupy(beginUnit(flight, event).busy)
    } else if (event.type === 'unit.finished') {
      occupy(endUnit(flight, event).busy)
    } else if (event.type === 'memory.sample') {
      const bin = Math.min(bins - 1, Math.max(0, Math.floor((event.atMs - startMs) / binMs)))
      residentBytes[bin] = Math.max(residentBytes[bin] ?? 0, event.residentBytes)
    }
  }
  for (const span of openSpans(flight, endMs)) occupy(span)
  for (let bin = 1; bin < bins; bin++) if (residentBytes[bin] === 0) residentBytes[bin] = residentBytes[bin - 1] ?? 0
  return { startMs, endMs, bins, lanes, residentBytes }
}
