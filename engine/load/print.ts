import { relative } from 'node:path'
import { compareDiagnostics, type Diagnostic, type Span } from '../base/diagnostic.ts'
import { codeFrame } from './code-frame.ts'
import { lineStarts, positionAt } from './position.ts'

export interface PrintOptions {
  /** Text of a file, for line numbers and code frames; undefined if it cannot be had. */
  readonly textOf: (file: string) => string | undefined
  /** Paths are shown relative to this folder. */
  readonly directory: string
  readonly colour: boolean
  /** Diagnostics shown at most; the rest is counted. Default 20. */
  readonly limit?: number
}

const defaultLimit = 20

/**
 * Diagnostics as text for a terminal, in their total order:
 * ```
 * pipelines/x.yaml:14:7 unknown-key  unknown key `scalse`; allowed: …
 *   14 |       scalse: [1, 2]
 *      |       ^^^^^^
 *   note pipelines/x.yaml:3:5 first given here
 *   fix: did you mean `scales`?
 * ```
 */
export function printDiagnostics(diagnostics: readonly Diagnostic[], options: PrintOptions): string {
  const sorted = [...diagnostics].sort(compareDiagnostics)
  const shown = sorted.slice(0, options.limit ?? defaultLimit)
  const rest = sorted.length - shown.length
  const blocks = shown.map(diagnostic => printDiagnostic(diagnostic, options))
  if (rest > 0) blocks.push(`… and ${rest} more ${rest === 1 ? 'problem' : 'problems'}`)
  return blocks.length === 0 ? '' : `${blocks.join('\n\n')}\n`
}

function printDiagnostic({ code, message, at, notes, fix }: Diagnostic, options: PrintOptions): string {
  const paint = painter(options.colour)
  const place = at === undefined ? '' : `${paint('bold', placeText(at, options))} `
  const lines = [`${place}${paint('red', code)}  ${oneLine(message)}`, ...frameLines(at, options, 'red')]
  for (const note of notes ?? []) {
    const notePlace = note.at === undefined ? '' : ` ${placeText(note.at, options)}`
    lines.push(`  ${paint('cyan', 'note')}${notePlace} ${oneLine(note.message)}`)
    lines.push(...frameLines(note.at, options, 'cyan'))
  }
  if (fix !== undefined) lines.push(`  ${paint('green', 'fix:')} ${oneLine(fix)}`)
  return lines.join('\n')
}

function frameLines(at: Span | undefined, options: PrintOptions, colour: 'red' | 'cyan'): readonly string[] {
  const text = at === undefined ? undefined : options.textOf(at.file)
  if (at === undefined || text === undefined) return []
  const { from, lines } = codeFrame(text, at)
  if (lines[0].trim() === '') return []
  const paint = painter(options.colour)
  const number = String(from.line)
  const gutter = paint('dim', `${number.padStart(Math.max(4, number.length))} |`)
  const blank = paint('dim', `${' '.repeat(Math.max(4, number.length))} |`)
  return [`${gutter} ${lines[0]}`, `${blank} ${paint(colour, lines[1])}`]
}

function placeText({ file, start }: Span, { textOf, directory }: PrintOptions): string {
  const text = textOf(file)
  const name = oneLine(relative(directory, file) || file)
  if (text === undefined) return name
  const { line, column } = positionAt(text, lineStarts(text), start)
  return `${name}:${line}:${column}`
}

/** Messages may quote what they found: nothing in them may steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\n\r\t\u2028\u2029]+/g, ' ').replace(/\p{Cc}/gu, '·')
}

const sequences = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const

function painter(colour: boolean): (style: keyof typeof sequences, text: string) => string {
  return (style, text) => (colour ? `\u001B[${sequences[style][0]}m${text}\u001B[${sequences[style][1]}m` : text)
}
