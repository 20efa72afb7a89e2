import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { compareDiagnostics, type Diagnostic, type Span } from '../../engine/base/diagnostic.ts'
import { lineStarts, positionAt } from '../../engine/load/position.ts'

/** A pipeline with mistakes in it and all that must be said about it. */
export interface BrokenPipeline {
  readonly title: string
  readonly text: string
  /** Other files, by path below the project. */
  readonly files: { readonly [path: string]: string }
  /** Assignments of `--set`. */
  readonly set: readonly string[]
  readonly targets: readonly string[]
  /** As `shownProblems` gives it. */
  readonly expected: string
}

/**
 * Reads a corpus of broken pipelines: for each `=== title` the YAML, then sections that begin with `---`: `file PATH` and
 * its text, `set NAME=VALUE`, `target NAME`, at last `problems` and what is expected, compared whole.
 */
export function readBrokenPipelines(url: URL): readonly BrokenPipeline[] {
  return readFileSync(url, 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map(text => {
      const [head = '', ...rest] = text.split(/^--- /m)
      const sections = rest.map(section => {
        const [, word = '', argument = '', body = ''] = /^(\w+) ?([^\n]*)\n?([\s\S]*)$/.exec(section) ?? []
        return { word, argument, body }
      })
      const named = (word: string) => sections.filter(section => section.word === word)
      const titleEnd = head.indexOf('\n')
      return {
        title: head.slice(0, titleEnd),
        text: head.slice(titleEnd + 1),
        files: Object.fromEntries(named('file').map(({ argument, body }) => [argument, body])),
        set: named('set').map(({ argument }) => argument),
        targets: named('target').map(({ argument }) => argument),
        expected: named('problems')
          .map(({ body }) => body)
          .join('')
          .trim(),
      }
    })
}

/**
 * Problems as text: `line:column-endColumn code  message`, then indented notes and the fix. Places in another file than
 * `main` (if given) begin with its path below `folder`.
 */
export function shownProblems(
  problems: readonly Diagnostic[],
  textOf: (file: string) => string,
  main?: { readonly path: string; readonly folder: string },
): string {
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
    const name = main === undefined || main.path === at.file ? '' : `${relative(main.folder, at.file)}:`
    return `${name}${from.line}:${from.column}-${end}`
  }
}
