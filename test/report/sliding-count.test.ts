import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addToWindow, slidingCount, WINDOW_SECONDS, windowRate, windowSum } from '../../engine/report/sliding-count.ts'

describe('a sliding count', () => {
  it('is empty at first', () => {
    expect(windowSum(slidingCount(), 5000)).toBe(0)
    expect(windowRate(slidingCount(), 5000)).toBe(0)
  })

  it('gives the same sums as keeping every amount', () => {
    const amounts = fc.array(
      fc.record({ gapMs: fc.integer({ min: 0, max: 9000 }), amount: fc.integer({ min: 1, max: 9 }) }),
    )
    fc.assert(
      fc.property(
        amounts,
        fc.integer({ min: 0, max: 40_000 }),
        fc.integer({ min: 1, max: WINDOW_SECONDS }),
        (entries, laterMs, seconds) => {
          const count = slidingCount()
          const kept: { atMs: number; amount: number }[] = []
          let atMs = 1_000_000
          for (const { gapMs, amount } of entries) {
            atMs += gapMs
            addToWindow(count, atMs, amount)
            kept.push({ atMs, amount })
          }
          const nowMs = atMs + laterMs
          const oldestSecond = Math.floor(nowMs / 1000) - seconds + 1
          const naive = kept
            .filter(entry => Math.floor(entry.atMs / 1000) >= oldestSecond)
            .reduce((sum, entry) => sum + entry.amount, 0)
          expect(windowSum(count, nowMs, seconds)).toBe(naive)
        },
      ),
    )
  })

  it('takes the rate over the time since the first amount while that is shorter than the window', () => {
    const count = slidingCount()
    addToWindow(count, 100_000, 6)
    addToWindow(count, 102_000, 6)
    expect(windowRate(count, 103_000, 10)).toBe((6 + 6) / 3)
  })

  it('counts an amount that comes late, and drops one older than the window', () => {
    const count = slidingCount()
    addToWindow(count, 100_000, 1)
    addToWindow(count, 99_000, 2)
    addToWindow(count, 100_000 - WINDOW_SECONDS * 1000, 4)
    expect(windowSum(count, 100_000)).toBe(1 + 2)
  })

  it('forgets: after a quiet window the rate is 0', () => {
    const count = slidingCount()
    addToWindow(count, 100_000, 50)
    expect(windowRate(count, 100_000 + WINDOW_SECONDS * 1000, WINDOW_SECONDS)).toBe(0)
  })
})
