import { lineStarts, lineText, type Position, positionAt } from './position.ts'
import type { Range } from './tree.ts'

export interface Frame {
  readonly from: Position
  readonly to: Position
  /** The line and below it the carets, without colours; empty if the line is. */
  readonly lines: readonly [source: string, carets: string]
}

const maxCells = 110

/**
 * The line a range starts in, with carets under the range (to the end of the line if it goes on, one caret if it is
 * empty). Long lines are cut around the range; characters that could steer a terminal are shown as `·`.
 */
export function codeFrame(text: string, range: Range): Frame {
  const starts = lineStarts(text)
  const from = positionAt(text, starts, range.start)
  const to = positionAt(text, starts, range.end)
  const characters = [...lineText(text, starts, from.line)].map(visible)
  const first = charactersBefore(text, starts, from)
  const last = to.line > from.line ? characters.length : charactersBefore(text, starts, to)
  const { shown, skipped } = window(characters, first)
  const start = Math.min(first - skipped, shown.length)
  const end = Math.max(Math.min(last - skipped, shown.length), start + 1)
  const carets = ' '.repeat(cells(shown.slice(0, start))) + '^'.repeat(Math.max(1, cells(shown.slice(start, end))))
  return { from, to, lines: [shown.join(''), carets] }
}

/** Cuts a line to about `maxCells` characters around the one at `index`. */
function window(characters: readonly string[], index: number): { shown: readonly string[]; skipped: number } {
  if (characters.length <= maxCells) return { shown: characters, skipped: 0 }
  const start = Math.max(0, Math.min(index - 30, characters.length - maxCells))
  const cut = characters.slice(start, start + maxCells)
  const shown = [...(start > 0 ? ['…', ...cut.slice(1)] : cut)]
  if (start + maxCells < characters.length) shown[shown.length - 1] = '…'
  return { shown, skipped: start }
}

/** Whole characters, not UTF-16 code units, before a column. */
function charactersBefore(text: string, starts: readonly number[], { line, column }: Position): number {
  return [...lineText(text, starts, line).slice(0, column - 1)].length
}

function visible(character: string): string {
  if (character === '\t') return ' '
  return /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(character) ? '·' : character
}

/** Terminal cells: East Asian wide characters and emoji take two, combining marks none. */
function cells(characters: readonly string[]): number {
  return characters.reduce((sum, character) => sum + (isCombining(character) ? 0 : isWide(character) ? 2 : 1), 0)
}

function isCombining(character: string): boolean {
  return /^\p{M}$/u.test(character)
}

function isWide(character: string): boolean {
  return /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u.test(
    character,
  )
}
