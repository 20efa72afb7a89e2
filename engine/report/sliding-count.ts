/**
 * Amounts per second over the recent past, in a ring of one-second buckets: adding is O(1), so it can follow every
 * event of a run.
 */
export interface SlidingCount {
  readonly buckets: Float64Array
  /** The newest second (since the epoch) that has a bucket; -1 while empty. */
  newestSecond: number
  /** The first second anything was added; rates are taken over no more time than has passed since. */
  firstSecond: number
}

/** Longest span that can be asked for, seconds. */
export const WINDOW_SECONDS = 30

export function slidingCount(): SlidingCount {
  return { buckets: new Float64Array(WINDOW_SECONDS), newestSecond: -1, firstSecond: -1 }
}

/** Adds `amount` to the second of `atMs`; what is older than the window is dropped. */
export function addToWindow(count: SlidingCount, atMs: number, amount: number): void {
  const second = Math.floor(atMs / 1000)
  const { buckets } = count
  if (count.newestSecond < 0) {
    count.newestSecond = second
    count.firstSecond = second
  }
  if (second > count.newestSecond) {
    const gap = Math.min(second - count.newestSecond, buckets.length)
    for (let step = 0; step < gap; step++) buckets[(second - step) % buckets.length] = 0
    count.newestSecond = second
  } else if (second <= count.newestSecond - buckets.length) {
    return
  }
  const slot = second % buckets.length
  buckets[slot] = (buckets[slot] ?? 0) + amount
}

/** Sum over the last `seconds` seconds up to and with the second of `nowMs`. */
export function windowSum(count: SlidingCount, nowMs: number, seconds: number = WINDOW_SECONDS): number {
  if (count.newestSecond < 0) return 0
  const now = Math.floor(nowMs / 1000)
  const oldest = Math.max(
    now - Math.min(seconds, count.buckets.length) + 1,
    count.newestSecond - count.buckets.length + 1,
  )
  let sum = 0
  for (let second = oldest; second <= Math.min(now, count.newestSecond); second++) {
    sum += count.buckets[second % count.buckets.length] ?? 0
  }
  return sum
}

/** Amount per second over the last `seconds` seconds, or over the time since the first amount if that is shorter. */
export function windowRate(count: SlidingCount, nowMs: number, seconds: number = WINDOW_SECONDS): number {
  if (count.newestSecond < 0) return 0
  const windowStartMs = (Math.floor(nowMs / 1000) - Math.min(seconds, count.buckets.length) + 1) * 1000
  const startMs = Math.max(windowStartMs, count.firstSecond * 1000)
  return (windowSum(count, nowMs, seconds) * 1000) / Math.max(1000, nowMs - startMs)
}
