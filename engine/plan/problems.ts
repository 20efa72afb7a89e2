import type { Diagnostic, Note } from '../base/diagnostic.ts'
import type { PipelineFile, TreePath } from '../contract/pipeline.ts'

/** Collects the problems of a compilation, each place once per message. */
export interface Problems {
  readonly all: readonly Diagnostic[]
  readonly add: (file: PipelineFile, path: TreePath, problem: Problem) => void
  readonly addDiagnostics: (diagnostics: readonly Diagnostic[]) => void
}

export interface Problem {
  readonly code: string
  readonly message: string
  readonly at?: 'key' | 'value'
  readonly fix?: string | undefined
  readonly notes?: readonly Note[]
}

export function createProblems(): Problems {
  const all: Diagnostic[] = []
  const seen = new Set<string>()
  function push(diagnostic: Diagnostic): void {
    const identity = JSON.stringify([diagnostic.code, diagnostic.at, diagnostic.message])
    if (seen.has(identity)) return
    seen.add(identity)
    all.push(diagnostic)
  }
  return {
    all,
    add(file, path, { code, message, at, fix, notes }) {
      push({
        code,
        message,
        at: file.locate(path, at),
        ...(fix === undefined ? {} : { fix }),
        ...(notes === undefined ? {} : { notes }),
      })
    },
    addDiagnostics: diagnostics => diagnostics.forEach(push),
  }
}

/** "did you mean" as a fix, or the list of what there is. */
export function suggest(nearest: string | undefined, known: readonly string[]): string | undefined {
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`
  return known.length === 0 ? undefined : `known: ${known.join(', ')}`
}
