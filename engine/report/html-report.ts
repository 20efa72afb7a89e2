import type { RunEvent } from '../contract/event.ts'
import { foldEvents } from './apply-event.ts'
import { counted, formatBytes, formatClock, formatCount, formatDuration } from './format.ts'
import { elapsedMs, meanTaskMs, runTotals } from './progress.ts'
import type { RunState } from './run-state.ts'
import { type Timeline, timelineOf } from './timeline.ts'

/**
 * One self-contained page of a run, from its journal: outcome, lanes and memory over time, a table of steps, outputs,
 * failures. No scripts, nothing loaded from elsewhere; every text of the run is escaped.
 */
export function htmlReport(events: readonly RunEvent[]): string {
  const state = foldEvents(events)
  const name = state.started?.pipeline ?? 'run'
  const body = [
    `<h1>${escaped(name)} <small>${escaped(state.finished?.status ?? 'unfinished')}</small></h1>`,
    `<p>${escaped(factsText(state))}</p>`,
    timelineSvg(timelineOf(events, 240), state.budgetBytes),
    '<h2>Steps</h2>',
    stepTable(state),
    state.outputs.length === 0 ? '' : `<h2>Outputs</h2>${outputTable(state)}`,
    state.failures.length === 0 ? '' : `<h2>Failures</h2>${failureTable(state)}`,
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(name)}: run ${escaped(state.started?.runId ?? '')}</title>
<style>${STYLE}</style></head>
<body>
${body.filter(part => part !== '').join('\n')}
</body></html>
`
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2330; }
small { font-weight: 400; color: #66707f; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #e3e7ec; vertical-align: top; }
th { color: #66707f; font-weight: 500; }
td.n, th.n { text-align: right; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: #66707f; }
@media (prefers-color-scheme: dark) { body { background: #14181f; color: #dde3ea; } th, td { border-color: #2b323c; } }
`

function factsText(state: RunState): string {
  const totals = state.finished?.tasks ?? runTotals(state)
  const startedMs = state.started?.atMs
  return [
    `run ${state.started?.runId ?? '?'}`,
    startedMs === undefined ? '' : new Date(startedMs).toISOString().slice(0, 19).replace('T', ' '),
    `${formatDuration(elapsedMs(state, state.atMs))}`,
    `${counted(totals.hit, 'task')} cached, ${formatCount(totals.done)} computed, ${formatCount(totals.rebuilt)} rebuilt, ${formatCount(totals.failed)} failed, ${formatCount(totals.skipped)} skipped`,
    counted(state.inferences, 'inference'),
  ]
    .filter(part => part !== '')
    .join(' · ')
}

const WIDTH = 960
const LEFT = 60
const ROW = 56

function timelineSvg(timeline: Timeline, budgetBytes: number): string {
  const peak = Math.max(budgetBytes, ...timeline.residentBytes)
  const rows = [
    ...timeline.lanes.map(lane => ({
      label: lane.lane as string,
      note: `of ${lane.width}`,
      shares: lane.busyShare,
      color: COLORS[lane.lane],
    })),
    {
      label: 'memory',
      note: peak === 0 ? '' : formatBytes(peak),
      shares: timeline.residentBytes.map(bytes => (peak === 0 ? 0 : bytes / peak)),
      color: '#8a94a3',
    },
  ]
  const height = rows.length * ROW + 20
  const marks = rows.map((row, index) => {
    const base = (index + 1) * ROW - 6
    return [
      `<text x="0" y="${base - 18}">${escaped(row.label)}</text><text x="0" y="${base - 5}">${escaped(row.note)}</text>`,
      `<path d="${areaPath(row.shares, base)}" fill="${row.color}"/>`,
      `<line x1="${LEFT}" y1="${base}" x2="${WIDTH}" y2="${base}" stroke="#8a94a3" stroke-width=".5"/>`,
    ].join('')
  })
  const took = formatClock(timeline.endMs - timeline.startMs)
  const axis = `<text x="${LEFT}" y="${height - 6}">0</text><text x="${WIDTH}" y="${height - 6}" text-anchor="end">${took}</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="How busy the lanes were">${marks.join('')}${axis}</svg>`
}

const COLORS = { gpu: '#3b82c4', cpu: '#4c9f70', io: '#c98a2b' }

/** A staircase from the left edge to the right one; shares over 1 (a unit more than slots) are cut. */
function areaPath(shares: Float64Array, base: number): string {
  const stepPx = (WIDTH - LEFT) / shares.length
  const parts = [`M${LEFT} ${base}`]
  for (let bin = 0; bin < shares.length; bin++) {
    const y = base - Math.min(1, shares[bin] ?? 0) * (ROW - 16)
    parts.push(`V${y.toFixed(1)}H${(LEFT + (bin + 1) * stepPx).toFixed(1)}`)
  }
  return `${parts.join('')}V${base}Z`
}

function stepTable(state: RunState): string {
  const titles = ['step', 'node', 'tasks', 'cached', 'computed', 'rebuilt', 'failed', 'skipped', 'work', 'per task']
  const rows = state.steps.map(step => {
    const mean = meanTaskMs(step)
    const counts = [step.hit, step.done, step.rebuilt, step.failed, step.skipped].map(formatCount)
    const tasks = step.tasks === undefined ? '?' : formatCount(step.tasks)
    return [
      step.id,
      step.node,
      tasks,
      ...counts,
      formatDuration(step.spentMs),
      mean === undefined ? '' : formatDuration(mean),
    ]
  })
  return table(titles, rows, 2)
}

function outputTable(state: RunState): string {
  const rows = state.outputs.map(output => [
    output.name,
    output.path,
    `${counted(output.files, 'file')}, ${formatBytes(output.bytes)}`,
  ])
  return table(['name', 'path', 'size'], rows, 3)
}

function failureTable(state: RunState): string {
  const rows = state.failures.map(({ address, item, problem }) => [
    address,
    item ?? '',
    problem.message,
    problem.fix ?? '',
  ])
  const hidden = state.failureCount - state.failures.length
  const more = hidden > 0 ? `<p>… and ${formatCount(hidden)} more.</p>` : ''
  return table(['cell', 'item', 'problem', 'try'], rows, 4) + more
}

/** Columns from `numbersFrom` on are aligned right. */
function table(titles: readonly string[], rows: readonly (readonly string[])[], numbersFrom: number): string {
  const cell = (tag: string) => (text: string, index: number) =>
    `<${tag}${index >= numbersFrom ? ' class="n"' : ''}>${escaped(text)}</${tag}>`
  const head = `<tr>${titles.map(cell('th')).join('')}</tr>`
  return `<table>${head}${rows.map(row => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n')}</table>`
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
