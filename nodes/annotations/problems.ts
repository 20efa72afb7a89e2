import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Table } from '../values/table.ts'

/** What can be wrong with a record of an annotation file; the validator calls its findings the same. */
export type ProblemKind =
  | 'bad-row'
  | 'unknown-image'
  | 'unknown-label'
  | 'missing-mask'
  | 'bad-mask'
  | 'mask-size'
  | 'bad-box'
  | 'outside-frame'

/** `refuse`: the first problem ends the step. `report`: what is wrong is left out and listed. */
export type OnProblem = 'refuse' | 'report'

/** Shared by all readers of annotations. */
export const problemsParam = {
  enum: ['refuse', 'report'],
  default: 'refuse',
  description:
    'A record that cannot be right ends the step, or is left out and listed at the output problems (for annotations/validate).',
} as const

export const problemsPort = {
  kind: 'table',
  per: 'item',
  description:
    'What was left out under problems: report, a row for each: what, image (null: none that is known), message. The table of the first image also has what was found before the images were gone through.',
} as const

export interface Problems {
  /** The same list, for what concerns this image. */
  readonly of: (image: string) => Problems
  /** The result of `read`; undefined if it is wrong and problems are to be listed. */
  readonly attempt: <T>(what: ProblemKind, read: () => T) => T | undefined
  readonly attemptAsync: <T>(what: ProblemKind, read: () => Promise<T>) => Promise<T | undefined>
  /** Ends the step with `error`, or lists it. */
  readonly raise: (what: ProblemKind, error: TaskError) => void
  /** Lists what `remark` says is odd but can be read; nothing under `refuse`. */
  readonly remark: (what: ProblemKind, remark: () => TaskError | undefined) => void
  /** What has been listed since the last call, whatever image it concerns. */
  readonly take: () => Table
}

type Row = readonly [what: ProblemKind, image: string | null, message: string]

export function collectProblems(mode: OnProblem): Problems {
  return problemsOf(mode, null, [])
}

function problemsOf(mode: OnProblem, image: string | null, rows: Row[]): Problems {
  const keep = (what: ProblemKind, error: unknown): undefined => {
    if (mode !== 'report' || !(error instanceof TaskError)) throw error
    rows.push([what, image, error.message])
  }
  return {
    of: other => problemsOf(mode, other, rows),
    attempt: (what, read) => {
      try {
        return read()
      } catch (error) {
        return keep(what, error)
      }
    },
    attemptAsync: async (what, read) => {
      try {
        return await read()
      } catch (error) {
        return keep(what, error)
      }
    },
    raise: keep,
    remark: (what, remark) => {
      const error = mode === 'report' ? remark() : undefined
      if (error !== undefined) keep(what, error)
    },
    take: () => ({ columns: ['what', 'image', 'message'], rows: rows.splice(0) }),
  }
}
