import { readFileSync } from 'node:fs'
import type { Json } from '../base/canonical.ts'
import type { Span } from '../base/diagnostic.ts'
import type { Cell } from '../contract/graph.ts'
import type { TreePath } from '../contract/pipeline.ts'
import { lineStarts, positionAt } from '../load/position.ts'
import type { Compiled } from '../plan/compile.ts'
import type { ValueChange } from '../plan/origin.ts'
import { type Change, type ChangedPart, coordinatesOf, type Where } from '../report/why.ts'

type Found = Pick<Extract<Compiled, { ok: true }>, 'originOf' | 'places'>

/** Adds to a change where it is written now and what would make the cell a hit again. */
export type PlaceChange = (cell: Cell, change: ChangedPart) => Change

export function changePlacer(
  { originOf, places }: Found,
  isThere: (address: string) => boolean,
  wasThere: (address: string) => boolean,
): PlaceChange {
  const texts = new Map<string, { readonly text: string; readonly starts: readonly number[] }>()
  return (cell, change) => {
    const at = whereOf(cell, change)
    const fix = fixOf(change)
    return { ...change, ...(at === undefined ? {} : { at }), ...(fix === undefined ? {} : { fix }) }
  }

  function whereOf({ address, coordinates }: Cell, change: ChangedPart): Where | undefined {
    switch (change.what) {
      case 'param':
        return paramPlace(address, change.path.split('.'), change)
      case 'file':
        return change.param === undefined ? undefined : paramPlace(address, change.param.split('.'))
      case 'node':
      case 'version':
      case 'runtime':
        return positioned(places.uses(address))
      case 'wiring':
        return positioned(wiringPlace(address, change))
      case 'join':
        return positioned(places.join(address))
      case 'selection':
        return positioned(places.items(address) ?? places.uses(address))
      case 'cell': {
        const before = change.before.flatMap(text => Object.entries(coordinatesOf(text)))
        const strange = Object.entries(coordinates).find(
          ([axis, id]) => !before.some(([other, value]) => other === axis && value === id),
        )
        return positioned((strange && places.entry(address, strange[0])) ?? places.uses(address))
      }
      case 'types':
      case 'input':
        return positioned(places.input(address, change.port))
      default:
        return undefined
    }
  }

  /** A cell that came or went stands for the matrix behind it; one that was read or not for what is under `in:`. */
  function wiringPlace(address: string, change: Extract<ChangedPart, { what: 'wiring' }>): Span | undefined {
    const { port, added, removed, axis } = change
    const written = places.input(address, port)
    const came = added.map(cellOf).find(cell => cell.includes('[') && !wasThere(cell))
    const went = removed.map(cellOf).find(cell => cell.includes('[') && !isThere(cell))
    const cell = came ?? went
    if (cell === undefined) return written
    return (axis === undefined ? places.matrix(cell) : places.entry(cell, axis)) ?? written
  }

  /** The node's default is written nowhere: the step stands for it. */
  function paramPlace(address: string, path: TreePath, change?: ValueChange): Where | undefined {
    const origin = originOf(address, path, change)
    if (origin === undefined) return positioned(places.uses(address))
    return 'at' in origin ? positioned(origin.at) : origin.outside
  }

  function positioned(span: Span | undefined): Where | undefined {
    if (span === undefined) return undefined
    const { text, starts } = textOf(span.file)
    return { file: span.file, ...positionAt(text, starts, anchored(text, span.start)) }
  }

  function textOf(file: string) {
    const known = texts.get(file) ?? read(file)
    texts.set(file, known)
    return known
  }
}

function read(file: string) {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // It went away since it was compiled: a place in an empty text is 1:1.
  }
  return { text, starts: lineStarts(text) }
}

/** An alias (`*sizes`) stands for what is written at its anchor. */
function anchored(text: string, start: number): number {
  const name = text[start] === '*' ? /^[^\s,[\]{}]+/.exec(text.slice(start + 1))?.[0] : undefined
  if (name === undefined) return start
  const anchor = text.lastIndexOf(`&${name}`, start)
  const space = /^\s+/.exec(text.slice(anchor + name.length + 1))?.[0]
  return anchor < 0 || space === undefined ? start : anchor + name.length + 1 + space.length
}

/** `scan[model=a]` of `scan[model=a].outline`. */
function cellOf(source: string): string {
  return source.slice(0, source.lastIndexOf('.'))
}

function fixOf(change: ChangedPart): string | undefined {
  switch (change.what) {
    case 'param':
      return change.before === undefined
        ? `leave \`${change.path}\` out again`
        : `set \`${change.path}\` back to ${shown(change.before)}`
    case 'file':
      if (change.item !== undefined && change.after === undefined)
        return `put the file of item ${change.item} back (sha256 ${change.before})`
      if (change.before === undefined) return change.item === undefined ? `take ${change.path} away again` : undefined
      return change.after === undefined
        ? `put ${change.path} back (sha256 ${change.before})`
        : `put the earlier content of ${change.path} back (sha256 ${change.before})`
    case 'node':
      return `use \`${change.before}\` again`
    case 'version':
      return `only with the program (or module of nodes) whose \`version\` is ${change.before}`
    case 'runtime':
      return `only with ${change.before === undefined ? `a version without ${change.name}` : `${change.name} ${change.before}`}`
    case 'wiring':
      return `feed \`${change.port}\` with ${change.removed.length === 0 ? `no ${change.added.join(', ')}` : change.removed.join(', ')} again`
    case 'join':
      return `set \`join\` back to ${change.before}`
    case 'selection':
      return `choose ${change.before} again`
    case 'types':
      return `feed \`${change.port}\` with values of the earlier type`
    default:
      return undefined
  }
}

function shown(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > 200 ? 'what it was' : text
}
