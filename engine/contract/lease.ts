import type { Key } from '../base/digest.ts'

/**
 * Who works on what, among the runs that share a store. Leases end by themselves: with the process, whatever ends it,
 * or when it stops showing signs of life.
 *
 * After `take`, look at the store again before computing: the last holder may have stored the result in between.
 */
export interface Leases {
  /**
   * Of each set of names takes all, or none if somebody else holds one of them: nobody waits while holding a part.
   * Never throws for reasons of the store: without a lease work may be done twice, nothing worse.
   */
  readonly take: (sets: readonly (readonly LeaseName[])[]) => LeaseAnswer
  /** Takes effect a little later, together with the next `take`. */
  readonly release: (names: readonly LeaseName[]) => void
  /** Releases everything this process holds. */
  readonly close: () => void
}

/** One item of one segment. */
export interface LeaseName {
  readonly segment: Key
  readonly item: string
}

export interface LeaseAnswer {
  /** For each set, who is in the way; undefined: it is taken. */
  readonly holders: readonly (LeaseHolder | undefined)[]
  /** Other processes use the store: what was not there a moment ago may be there now. */
  readonly shared: boolean
}

export interface LeaseHolder {
  readonly processId: number
  /** Its newest run that has not finished. */
  readonly runId: string | undefined
  readonly sinceMs: number
}
