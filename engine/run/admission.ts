/** Lets units begin while there is memory for them. */
export interface Admission {
  /** Waits for room; undefined once abandoned. */
  readonly enter: (group: number) => Promise<Pass | undefined>
  /** Nobody waits any more. */
  readonly abandon: () => void
}

export interface Pass {
  /** @param transientBytes what the unit held at its worst moment, if it got that far. */
  readonly leave: (transientBytes: number) => void
}

export interface AdmissionOptions {
  readonly budgetBytes: number
  /** What the run and its workers hold now. */
  readonly residentBytes: () => number
  readonly nowMs?: () => number
}

/** A look at the memory is good for so long: under load units come faster than memory changes. */
const lookEveryMs = 20
/** A group of which nothing is known yet is taken to need this share of the budget for a unit. */
const firstGuess = 1 / 8
/** An estimate follows growth at once and shrinks slowly. */
const keptOfEstimate = 0.8

/**
 * First come, first served, while what is resident, what units under way may still come to need, and the estimate of the
 * next one fit the budget; one unit is always under way, however small the budget. The estimate of a group is measured:
 * by how much memory grew while a unit of it ran (its part, if several ran), or the transient values it held, if more.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { budgetBytes, residentBytes, nowMs = () => performance.now() } = options
  const estimates = new Map<number, number>()
  const waiting: { readonly group: number; readonly admit: (pass: Pass | undefined) => void }[] = []
  let underWay = 0
  let promisedBytes = 0
  let abandoned = false
  let lastBytes = 0
  let lookedMs = Number.NEGATIVE_INFINITY

  function look(): number {
    if (nowMs() - lookedMs < lookEveryMs) return lastBytes
    lookedMs = nowMs()
    lastBytes = residentBytes()
    return lastBytes
  }

  const estimateOf = (group: number) => estimates.get(group) ?? budgetBytes * firstGuess

  function fits(group: number): boolean {
    if (underWay === 0 || budgetBytes === Number.POSITIVE_INFINITY) return true
    return look() + promisedBytes + estimateOf(group) <= budgetBytes
  }

  function begin(group: number): Pass {
    const promised = budgetBytes === Number.POSITIVE_INFINITY ? 0 : estimateOf(group)
    const beforeBytes = budgetBytes === Number.POSITIVE_INFINITY ? 0 : look()
    underWay++
    promisedBytes += promised
    const company = underWay
    return {
      leave(transientBytes) {
        if (budgetBytes !== Number.POSITIVE_INFINITY) {
          const grownBytes = Math.max(0, look() - beforeBytes) / Math.max(company, underWay)
          const before = estimates.get(group) ?? 0
          estimates.set(group, Math.max(transientBytes, grownBytes, before * keptOfEstimate))
        }
        underWay--
        promisedBytes -= promised
        serve()
      },
    }
  }

  function serve(): void {
    while (waiting.length > 0 && fits(waiting[0]!.group)) {
      const { group, admit } = waiting.shift()!
      admit(begin(group))
    }
  }

  return {
    enter: group =>
      new Promise(resolve => {
        if (abandoned) return resolve(undefined)
        waiting.push({ group, admit: resolve })
        serve()
      }),
    abandon() {
      abandoned = true
      for (const { admit } of waiting.splice(0)) admit(undefined)
    },
  }
}
