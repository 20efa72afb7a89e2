import { readFileSync } from 'node:fs'
import { compareDiagnostics, type Diagnostic, type Span } from '../../engine/base/diagnostic.ts'
import { lineStarts, positionAt } from '../../engine/load/position.ts'

/** A pipeline with mistakes in it and all that must be said about it. */
export interface BrokenPipeline {
  readonly title: string
  readonly text: string
  /** As `shownProblems` gives it. */
  readonly expected: string
}

/**
 * Reads a corpus of broken pipelines: for each `=== title`, the YAML up to `--- problems`, then the expected problems up
 * to the next title, compared whole.
 */
export function readBrokenPipelines(url: URL): readonly BrokenPipeline[] {
  return readFileSync(url, 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map(section => {
      const [head = '', expected = ''] = section.split(/^--- problems\n/m)
      const titleEnd = head.indexOf('\n')
      return { title: head.slice(0, titleEnd), text: head.slice(titleEnd + 1), expected: expected.trim() }
    })
}

/** Problems as text: `line:column-endColumn code  message`, then indented notes and the fix. */
export function shownProblems(problems: readonly Diagnostic[], textOf: (file: string) => string): string {
  return [...problems].sort(compareDiagnostics).map(shownProblem).join('\n')

  function shownProblem({ code, message, at, notes, fix }: Diagnostic): string {
    const noteLines = (notes ?? []).map(note => `  note ${place(note.at)} ${note.message}`)
    return [`${place(at)} ${code}  ${message}`, ...noteLines, ...(fix === undefined ? [] : [`  fix: ${fix}`])].join(
      '\n',
    )
  }

  function place(at: Span | undefined): string {
    if (at === undefined) return 'nowhere'
    const text = textOf(at.file)
    const starts = lineStarts(text)
    const from = positionAt(text, starts, at.start)
    const to = positionAt(text, starts, at.end)
    const end = to.line === from.line ? `${to.column}` : `${to.line}:${to.column}`
    return `${from.line}:${from.column}-${end}`
  }
}
