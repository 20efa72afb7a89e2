/** Who sits with whom: several units share a worker, but one that may have killed its last worker sits alone. */
export interface Seats {
  /** The slot to go to, as soon as fewer than `perSlot` sit there; undefined once abandoned. */
  readonly take: (alone: boolean, perSlot: number) => Promise<string | undefined>
  readonly leave: (slot: string) => void
  /** Nobody gets a seat any more. */
  readonly abandon: () => void
}

interface Waiting {
  readonly resolve: (slot: string | undefined) => void
  readonly perSlot: number
}

/**
 * While somebody waits to sit alone, the emptiest slot gets no new company until it is empty; all others go on. Units
 * that wait are served in order, those that want to be alone first.
 */
export function createSeats(slots: readonly string[]): Seats {
  const sitting = new Map(slots.map(slot => [slot, 0]))
  const reserved = new Set<string>()
  const waiting: Waiting[] = []
  const waitingAlone: Waiting[] = []
  let abandoned = false

  function emptiest(among: readonly string[]): string | undefined {
    let best: string | undefined
    for (const slot of among) if (best === undefined || sitting.get(slot)! < sitting.get(best)!) best = slot
    return best
  }

  function serve(): void {
    if (waiting.length + waitingAlone.length === 0) return
    let open = slots.filter(slot => !reserved.has(slot))
    while (waitingAlone.length > 0) {
      const slot = emptiest(open)
      if (slot === undefined) break
      open = open.filter(one => one !== slot)
      // Not yet empty: it is kept from the others below, and comes up again when somebody leaves.
      if (sitting.get(slot)! > 0) break
      reserved.add(slot)
      sit(slot, waitingAlone.shift()!.resolve)
    }
    while (waiting.length > 0) {
      const slot = emptiest(open)
      if (slot === undefined || sitting.get(slot)! >= waiting[0]!.perSlot) return
      sit(slot, waiting.shift()!.resolve)
    }
  }

  function sit(slot: string, resolve: Waiting['resolve']): void {
    sitting.set(slot, sitting.get(slot)! + 1)
    resolve(slot)
  }

  return {
    take: (alone, perSlot) =>
      new Promise(resolve => {
        if (abandoned) return resolve(undefined)
        const line = alone ? waitingAlone : waiting
        line.push({ resolve, perSlot })
        serve()
      }),
    leave(slot) {
      sitting.set(slot, sitting.get(slot)! - 1)
      reserved.delete(slot)
      serve()
    },
    abandon() {
      abandoned = true
      for (const { resolve } of [...waiting.splice(0), ...waitingAlone.splice(0)]) resolve(undefined)
    },
  }
}
