import { relative } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { unreachable } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { counted } from './format.ts'
import { noPaint, type Paint } from './paint.ts'
import { cutEnd, printable } from './printable.ts'
import { tableLines } from './table.ts'
import type { Change, Where, WhyReport } from './why.ts'

/**
 * What `why` prints: the verdict as a sentence, then for each changed part a line (before → after), where it is written
 * and what would make it a hit. @param directory - paths are shown relative to it.
 */
export function whyLines(why: WhyReport, paint: Paint = noPaint, directory?: string): string[] {
  const name = why.item === undefined ? why.address : `${why.address}  item ${why.item}`
  const shown = why.changes.slice(0, CHANGES_SHOWN)
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '' }]
  const hidden = why.changes.length - shown.length
  const lines = tableLines(
    columns,
    shown.map(change => changeCells(change, directory)),
    { indent: 2, bare: true },
  )
  return [
    paint.bold(printable(name)),
    `  ${verdictText(why)}`,
    ...shown.flatMap((change, i) => [lines[i]!, ...detailLines(change, paint, directory)]),
    ...(hidden > 0 ? [`  … and ${counted(hidden, 'more change')}`] : []),
  ]
}

/** One change in a few words, for the table of `plan`: `nms: iou 0.5 → 0.6 (three.yaml:12)`. */
export function shortChange(change: Change): string {
  const inner = change.what === 'upstream' ? change.change : change
  const from = change.what === 'upstream' ? `${change.address}: ` : ''
  const [what = '', place = '', before = '', after = ''] = changeCells(inner)
  const head = place === '' || inner.what === 'version' || inner.what === 'node' ? what : place
  const at = typeof inner.at === 'object' ? ` (${fileName(inner.at.file)}:${inner.at.line})` : ''
  return `${from}${[head, before, after].filter(text => text !== '').join(' ')}${at}`
}

const CHANGES_SHOWN = 40
const VALUE_WIDTH = 48

function detailLines(change: Change, paint: Paint, directory: string | undefined): string[] {
  const { at, fix } = change.what === 'upstream' ? change.change : change
  return [
    ...(at === undefined ? [] : [`    ${paint.dim('at')} ${printable(whereText(at, directory))}`]),
    ...(fix === undefined ? [] : [`    ${paint.dim('a hit again:')} ${printable(fix)}`]),
  ]
}

/** `pipelines/three.yaml:12:9`. */
export function whereText(at: Where, directory: string | undefined): string {
  return typeof at === 'string' ? at : `${pathText(at.file, directory)}:${at.line}:${at.column}`
}

function pathText(path: string, directory: string | undefined): string {
  if (directory === undefined) return path
  const short = relative(directory, path)
  return short.startsWith('..') ? path : short
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function verdictText(why: WhyReport): string {
  const compared =
    why.before === undefined ? 'It was never run with this store.' : `Compared with run ${printable(why.before.runId)}:`
  switch (why.verdict) {
    case 'hit':
      return why.changes.length === 0 ? 'Stored: nothing to do.' : `Stored, from a run before. ${compared}`
    case 'run':
      return why.before !== undefined && why.changes.length === 0
        ? `Will run: its result is not in the store, although nothing changed since run ${printable(why.before.runId)} (it failed, or was removed).`
        : `Will run. ${compared}`
    case 'maybe':
      return `Will run only if an input that is being made comes out different. ${why.changes.length === 0 ? '' : compared}`.trimEnd()
    case 'gone':
      return `The item is not there any more. ${compared}`
    case 'rebuild':
      return 'Known, but has to be made again:'
    default:
      return unreachable(why.verdict)
  }
}

function changeCells(change: Change, directory?: string): string[] {
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
    case 'file':
      return fileCells(change, directory)
    case 'items': {
      const counts = [counted(change.changed, 'other file'), `${change.added} added`, `${change.removed} removed`]
      return ['items', counts.join(', '), '', '']
    }
    case 'types':
      return ['types', change.port, change.text, '']
    case 'wiring':
      return ['wiring', change.port, listText(change.removed), `→ ${listText(change.added)}`]
    case 'join':
      return ['join', '', change.before, `→ ${change.after}`]
    case 'selection':
      return ['items', '', change.before, `→ ${change.after}`]
    case 'cell':
      return ['new cell', change.coordinates, listText(change.before), '']
    case 'failed':
      return ['failed', change.runId, change.message, '']
    case 'upstream': {
      const [what, place, before, after] = changeCells(change.change, directory)
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

function fileCells(change: Extract<Change, { what: 'file' }>, directory: string | undefined): string[] {
  const { param, item, before, after } = change
  const place = `${param === undefined ? '' : `${param}: `}${pathText(change.path, directory)}`
  const what = item === undefined ? 'file' : before === undefined ? 'new item' : 'item'
  if (after === undefined) return [item === undefined ? 'file' : 'item', place, digestText(before), '→ removed']
  return [what, place, digestText(before), `→ ${digestText(after)}`]
}

function listText(list: readonly string[]): string {
  return list.length === 0 ? 'nothing' : cutEnd(list.join(', '), 2 * VALUE_WIDTH)
}

function valueText(value: Json | undefined): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return digestText(value)
  return value === undefined ? 'not set' : cutEnd(JSON.stringify(value), VALUE_WIDTH)
}

function digestText(digest: Digest | undefined): string {
  return digest === undefined ? 'nothing' : digest.slice(0, 12)
}
