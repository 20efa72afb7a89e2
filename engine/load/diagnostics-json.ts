import { compareDiagnostics, type Diagnostic, type Span } from '../base/diagnostic.ts'
import { lineStarts, type Position, positionAt } from './position.ts'

type TextOf = (file: string) => string | undefined

export interface JsonDiagnostic {
  readonly severity: 'error'
  readonly code: string
  readonly message: string
  /** Absolute path; absent for problems that belong to no file. */
  readonly file?: string
  /** Lines and columns count from 1 (editors' protocols from 0), columns in UTF-16 code units; `end` is exclusive. */
  readonly range?: JsonRange
  readonly notes: readonly { readonly message: string; readonly file?: string; readonly range?: JsonRange }[]
  readonly fix?: string
}

export interface JsonRange {
  readonly start: Position
  readonly end: Position
}

/** Diagnostics as plain data with lines and columns, in their total order, all of them. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], textOf: TextOf): readonly JsonDiagnostic[] {
  return [...diagnostics].sort(compareDiagnostics).map(({ code, message, at, notes, fix }) => ({
    severity: 'error',
    code,
    message,
    ...placeJson(at, textOf),
    notes: (notes ?? []).map(note => ({ message: note.message, ...placeJson(note.at, textOf) })),
    ...(fix === undefined ? {} : { fix }),
  }))
}

function placeJson(at: Span | undefined, textOf: TextOf): { file?: string; range?: JsonRange } {
  if (at === undefined) return {}
  const text = textOf(at.file)
  if (text === undefined) return { file: at.file }
  const starts = lineStarts(text)
  return { file: at.file, range: { start: positionAt(text, starts, at.start), end: positionAt(text, starts, at.end) } }
}
