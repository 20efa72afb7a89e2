/** Greedy choice of the members of an ensemble by its score. */

export interface ForwardOptions {
  readonly memberCount: number
  /**
   * - `with-replacement`: in each step the member that scores best beside those chosen so far, which may be one of them
   *   again (Caruana et al. 2004).
   * - `without-replacement`: each member once at most.
   * - `in-order`: a single pass over the members as they stand; one is added if it improves the score.
   */
  readonly method: 'with-replacement' | 'without-replacement' | 'in-order'
  /** Most steps; `in-order` needs none. */
  readonly steps: number
  /** A longer selection is taken when its score is > that of the one taken so far + this. */
  readonly minGain: number
  /** Of the ensemble in which member m has weight counts[m]; NaN where it is not defined, which never is better. */
  readonly score: (counts: readonly number[]) => number
}

export interface ForwardStep {
  readonly member: number
  /** [members] how often each is in the ensemble after the step. */
  readonly counts: readonly number[]
  readonly score: number
}

export interface ForwardSelection {
  /** All steps that were tried: `in-order` has one for each member, other methods go on where the score falls. */
  readonly steps: readonly ForwardStep[]
  /** The step whose ensemble is taken; −1 if no member has a score. */
  readonly chosen: number
}

/** Ties: the earlier member, and the shorter selection. */
export function forwardSelection(options: ForwardOptions): ForwardSelection {
  const { memberCount, method, minGain, score } = options
  const steps: ForwardStep[] = []
  let chosen = -1
  const keep = (step: ForwardStep) => {
    const better = chosen < 0 ? !Number.isNaN(step.score) : step.score > steps[chosen]!.score + minGain
    steps.push(step)
    if (better) chosen = steps.length - 1
    return better
  }
  const none: readonly number[] = new Array<number>(memberCount).fill(0)
  if (method === 'in-order') {
    let counts = none
    for (let member = 0; member < memberCount; member++) {
      const more = counts.with(member, 1)
      if (keep({ member, counts: more, score: score(more) })) counts = more
    }
    return { steps, chosen }
  }
  const most = method === 'with-replacement' ? options.steps : Math.min(options.steps, memberCount)
  for (let counts = none; steps.length < most; counts = steps.at(-1)!.counts) {
    let best: ForwardStep | undefined
    for (let member = 0; member < memberCount; member++) {
      if (method === 'without-replacement' && counts[member]! > 0) continue
      const more = counts.with(member, counts[member]! + 1)
      const step = { member, counts: more, score: score(more) }
      if (best === undefined || step.score > best.score || Number.isNaN(best.score)) best = step
    }
    keep(best!)
  }
  return { steps, chosen }
}

/** The counts without their common factor: only ratios mean something. */
export function reducedCounts(counts: readonly number[]): readonly number[] {
  const factor = counts.reduce((a, b) => {
    let [x, y] = [a, b]
    while (y > 0) [x, y] = [y, x % y]
    return x
  }, 0)
  return factor > 1 ? counts.map(count => count / factor) : counts
}
