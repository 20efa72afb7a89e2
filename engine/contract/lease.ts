import type { Key } from '../base/digest.ts'

/**
 * Who works on what, among the runs that share a store: a lease is on one item of one segment. Leases end by
 * themselves: with the process, whatever ends it, or when it stops showing signs of life.
 *
 * After `take`, look at the store again before computing: the last holder may have stored the result in between.
 */
export interface Leases {
  /** Takes the items nobody else holds; says who holds the others, to be asked for again later. */
  readonly take: (segment: Key, items: readonly string[]) => LeaseAnswer
  readonly release: (segment: Key, items: readonly string[]) => void
  /** Releases everything this process holds. */
  readonly close: () => void
}

export interface LeaseAnswer {
  readonly taken: readonly string[]
  readonly held: readonly { readonly item: string; readonly processId: number; readonly sinceMs: number }[]
}
