import type { Json } from '../base/canonical.ts'
import { unreachable } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { counted } from './format.ts'
import { noPaint, type Paint } from './paint.ts'
import { cutEnd, printable } from './printable.ts'
import { tableLines } from './table.ts'
import type { Change, WhyReport } from './why.ts'

/** What `why` prints: the verdict as a sentence, then one line per changed part, before → after. */
export function whyLines(why: WhyReport, paint: Paint = noPaint): string[] {
  const name = why.item === undefined ? why.address : `${why.address}  item ${why.item}`
  const rows = why.changes.slice(0, CHANGES_SHOWN).map(changeCells)
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '' }]
  const hidden = why.changes.length - rows.length
  return [
    paint.bold(printable(name)),
    `  ${verdictText(why)}`,
    ...tableLines(columns, rows, { indent: 2, bare: true }),
    ...(hidden > 0 ? [`  … and ${counted(hidden, 'more change')}`] : []),
  ]
}

const CHANGES_SHOWN = 40
const VALUE_WIDTH = 48

function verdictText(why: WhyReport): string {
  const compared =
    why.before === undefined ? 'It was never run with this store.' : `Compared with run ${printable(why.before.runId)}:`
  switch (why.verdict) {
    case 'hit':
      return 'Stored: nothing to do.'
    case 'run':
      return why.before !== undefined && why.changes.length === 0
        ? `Will run: its result is not in the store, although nothing changed since run ${printable(why.before.runId)} (it failed, or was removed).`
        : `Will run. ${compared}`
    case 'maybe':
      return `Will run only if an input that is being made comes out different. ${why.changes.length === 0 ? '' : compared}`.trimEnd()
    case 'rebuild':
      return 'Known, but has to be made again:'
    default:
      return unreachable(why.verdict)
  }
}

function changeCells(change: Change): string[] {
  switch (change.what) {
    case 'node':
      return ['node', '', change.before, `→ ${change.after}`]
    case 'version':
      return ['node version', '', String(change.before), `→ ${change.after}`]
    case 'param':
      return ['parameter', change.path, valueText(change.before), `→ ${valueText(change.after)}`]
    case 'runtime':
      return ['runtime', change.name, change.before ?? 'none', `→ ${change.after ?? 'none'}`]
    case 'input': {
      const place = change.index === undefined ? change.port : `${change.port}[${change.index}]`
      const source = change.source === undefined ? '' : `  from ${change.source}`
      return ['input', place, digestText(change.before), `→ ${digestText(change.after)}${source}`]
    }
    case 'upstream': {
      const [what, place, before, after] = changeCells(change.change)
      return [what ?? '', `${change.address} ${place}`.trimEnd(), before ?? '', after ?? '']
    }
    case 'lost':
      return ['lost', change.port, 'its bytes are gone from the store', '']
    case 'needed':
      return ['needed', change.by, 'reads a value of it that is never stored', '']
    default:
      return unreachable(change)
  }
}

function valueText(value: Json | undefined): string {
  return value === undefined ? 'not set' : cutEnd(JSON.stringify(value), VALUE_WIDTH)
}

function digestText(digest: Digest | undefined): string {
  return digest === undefined ? 'nothing' : digest.slice(0, 12)
}
