/**
 * A problem as data. Offsets inside, line and column only when printed (`engine/load/print.ts`), so the terminal,
 * `--json` and an editor read the same object.
 */

/** A range of one file, in UTF-16 code units from its start; `end` is exclusive. */
export interface Span {
  readonly file: string
  readonly start: number
  readonly end: number
}

export interface Note {
  readonly message: string
  readonly at?: Span
}

export interface Diagnostic {
  /** One of `codes.ts`. */
  readonly code: string
  /** What was found and what was expected, one sentence or two, no trailing newline. */
  readonly message: string
  /** Where; absent only for problems that belong to no file (arguments, the machine). */
  readonly at?: Span
  readonly notes?: readonly Note[]
  /** What to try: the text to put there, or a sentence. */
  readonly fix?: string
}

/** Total order: file, position, code, message. Printing and tests rely on it. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.at?.file ?? '', b.at?.file ?? '') ||
    (a.at?.start ?? -1) - (b.at?.start ?? -1) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  )
}

/** Order by code unit, never by locale: everything that reaches a key or a screen in order uses this. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * A problem met while running (a damaged picture, a full disk). Carries a diagnostic, so that whoever catches it can
 * add the step and the item and print it like any other; the original error stays as `cause`.
 */
export class TaskError extends Error {
  readonly diagnostic: Diagnostic

  constructor(diagnostic: Diagnostic, options?: { cause?: unknown }) {
    super(diagnostic.message, options)
    this.name = 'TaskError'
    this.diagnostic = diagnostic
  }
}

/** The diagnostic an error carries. By name, not by class: modules of user nodes may have a copy of their own. */
export function diagnosticOf(error: unknown): Diagnostic | undefined {
  if (!(error instanceof Error) || error.name !== 'TaskError') return undefined
  const { diagnostic } = error as Partial<TaskError>
  return typeof diagnostic?.message === 'string' && typeof diagnostic.code === 'string' ? diagnostic : undefined
}

/** For `default:` branches of closed unions. */
export function unreachable(value: never): never {
  throw new Error(`internal: unexpected ${JSON.stringify(value)}`)
}
