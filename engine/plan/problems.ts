import type { Json } from '../base/canonical.ts'
import type { Diagnostic, Note } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import type { PipelineFile, TreePath } from '../contract/pipeline.ts'

/** Where a step is written: its file and, for a pipeline used as a node, who uses it. */
export interface Place {
  readonly file: PipelineFile
  /** Added to every problem found here. */
  readonly notes?: readonly Note[]
}

/** Collects the problems of a compilation, each place once per message. */
export interface Problems {
  readonly all: readonly Diagnostic[]
  readonly add: (place: Place, path: TreePath, problem: Problem) => void
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
    add(place, path, { code, message, at, fix, notes }) {
      const together = [...(notes ?? []), ...(place.notes ?? [])]
      push({
        code,
        message,
        at: place.file.locate(path, at),
        ...(fix === undefined ? {} : { fix }),
        ...(together.length === 0 ? {} : { notes: together }),
      })
    },
    addDiagnostics: diagnostics => diagnostics.forEach(push),
  }
}

/** "did you mean" as a fix, or the list of what there is. */
export function suggest(nearest: string | undefined, known: readonly string[]): string | undefined {
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`
  if (known.length === 0) return undefined
  const more = known.length > 12 ? `, … (${known.length} in all)` : ''
  return `known: ${known.slice(0, 12).join(', ')}${more}`
}

/** The same for the ids of coordinates: numbers are never misspelt. */
export function suggestId(id: string, known: readonly string[]): string | undefined {
  return suggest(/^[\d.]+$/.test(id) ? undefined : nearestName(id, known), known)
}

/** The part of a path that leads through what is written: the rest lies behind a `${…}` reference. */
export function writtenPath(tree: Json | undefined, path: TreePath): TreePath {
  let at = tree
  for (const [depth, segment] of path.entries()) {
    if (at === null || typeof at !== 'object') return path.slice(0, depth)
    at = (at as { readonly [key: string]: Json })[segment]
  }
  return path
}
