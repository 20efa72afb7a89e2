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
    'What was left out under problems: report, a row for each: what, message. What belongs to no image stands with the first.',
} as const

export interface Problems {
  /** The result of `read`; undefined if it is wrong and problems are to be listed. */
  readonly attempt: <T>(what: ProblemKind, read: () => T) => T | undefined
  readonly attemptAsync: <T>(what: ProblemKind, read: () => Promise<T>) => Promise<T | undefined>
  /** Ends the step with `error`, or lists it. */
  readonly raise: (what: ProblemKind, error: TaskError) => void
  /** Lists what `remark` says is odd but can be read; nothing under `refuse`. */
  readonly remark: (what: ProblemKind, remark: () => TaskError | undefined) => void
  /** What has been listed since the last call. */
  readonly take: () => Table
}

export function collectProblems(mode: OnProblem): Problems {
  let rows: [ProblemKind, string][] = []
  const keep = (what: ProblemKind, error: unknown): undefined => {
    if (mode !== 'report' || !(error instanceof TaskError)) throw error
    rows.push([what, error.message])
  }
  return {
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
    take: () => {
      const table: Table = { columns: ['what', 'message'], rows }
      rows = []
      return table
    },
  }
}
