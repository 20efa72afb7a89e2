import type { LeaseName } from '../engine/contract/lease.ts'

/**
 * The runs of one process are one owner in the index. Which of them holds a lease is only known in the process itself:
 * one of these for each run, all of them in one table per store.
 */
export interface HeldHere {
  readonly hold: (name: LeaseName) => void
  /** Gives a lease back; false if another run of this process has it. */
  readonly drop: (name: LeaseName) => boolean
  /** Another run of this process has it. */
  readonly isTaken: (name: LeaseName) => boolean
  /** Other runs of this process use the store. */
  readonly hasCompany: () => boolean
  /** What this run still holds. */
  readonly rest: () => readonly LeaseName[]
  readonly close: () => void
}

interface Table {
  runs: number
  readonly leases: Map<string, { readonly run: object; readonly name: LeaseName }>
}

const tables = new Map<string, Table>()

export function openHeldHere(directory: string): HeldHere {
  const run = {}
  const table = tables.get(directory) ?? { runs: 0, leases: new Map() }
  tables.set(directory, table)
  table.runs++
  return {
    hold: name => void table.leases.set(textOf(name), { run, name }),
    drop: name => {
      const lease = table.leases.get(textOf(name))
      if (lease !== undefined && lease.run !== run) return false
      table.leases.delete(textOf(name))
      return true
    },
    isTaken: name => {
      const lease = table.leases.get(textOf(name))
      return lease !== undefined && lease.run !== run
    },
    hasCompany: () => table.runs > 1,
    rest: () => [...table.leases.values()].filter(lease => lease.run === run).map(({ name }) => name),
    close: () => {
      for (const [text, lease] of table.leases) if (lease.run === run) table.leases.delete(text)
      if (--table.runs === 0) tables.delete(directory)
    },
  }
}

function textOf({ segment, item }: LeaseName): string {
  return `${segment} ${item}`
}
