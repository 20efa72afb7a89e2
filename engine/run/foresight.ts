/** How many units of a group a worker is given before it has finished the first. */
export interface Foresight {
  readonly unitsOf: (group: number) => number
  /** A unit of the group took so long. */
  readonly took: (group: number, durationMs: number) => void
}

/** What waits in a worker should not take longer than this: another worker may have nothing to do by then. */
const aheadMs = 100

/**
 * Messages to a worker, and the commits of what it made, cost as much as a very short unit. So short ones are sent ahead
 * and go together. Without experience, and for those that take their time, it is `fewest`: what a worker does at once. A
 * long unit makes careful at once; it takes many short ones to forget it.
 */
export function createForesight(fewest: number, most: number): Foresight {
  const typicalMs = new Map<number, number>()
  return {
    unitsOf(group) {
      const expectedMs = typicalMs.get(group)
      if (expectedMs === undefined) return fewest
      return Math.max(fewest, Math.min(most, Math.floor(aheadMs / Math.max(expectedMs, 0.01))))
    },
    took(group, durationMs) {
      const before = typicalMs.get(group) ?? durationMs
      typicalMs.set(group, durationMs > before ? durationMs : before + (durationMs - before) / 16)
    },
  }
}
