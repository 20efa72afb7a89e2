import { bench, describe } from 'vitest'
import { greedyNms } from '../../nodes/kernels/nms.ts'
import { argsortDescending } from '../../nodes/kernels/order.ts'
import { stream } from './detection-set.ts'

/** `count` boxes of 8 to 68 px, spread so that about 1 in 20 (crowding 1) or more than half (8) are suppressed at 0.5. */
function boxes(count: number, crowding: number): { boxesXyxy: Float64Array; scores: Float64Array } {
  const next = stream(7)
  const side = (Math.sqrt(count) * 30) / crowding
  const boxesXyxy = new Float64Array(4 * count)
  const scores = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const x = next() * side
    const y = next() * side
    boxesXyxy.set([x, y, x + 8 + next() * 60, y + 8 + next() * 60], 4 * i)
    scores[i] = next()
  }
  return { boxesXyxy, scores }
}

/** The loop everybody writes first: every survivor against everything after it. */
function plainNms({ boxesXyxy, scores }: ReturnType<typeof boxes>, threshold: number): number {
  const order = argsortDescending(scores)
  const gone = new Uint8Array(scores.length)
  const area = (i: number) =>
    (boxesXyxy[4 * i + 2]! - boxesXyxy[4 * i]!) * (boxesXyxy[4 * i + 3]! - boxesXyxy[4 * i + 1]!)
  let kept = 0
  for (let a = 0; a < order.length; a++) {
    const i = order[a]!
    if (gone[i] === 1) continue
    kept++
    for (let b = a + 1; b < order.length; b++) {
      const j = order[b]!
      if (gone[j] === 1) continue
      const width =
        Math.min(boxesXyxy[4 * i + 2]!, boxesXyxy[4 * j + 2]!) - Math.max(boxesXyxy[4 * i]!, boxesXyxy[4 * j]!)
      if (!(width > 0)) continue
      const height =
        Math.min(boxesXyxy[4 * i + 3]!, boxesXyxy[4 * j + 3]!) - Math.max(boxesXyxy[4 * i + 1]!, boxesXyxy[4 * j + 1]!)
      if (!(height > 0)) continue
      const shared = width * height
      if (shared / (area(i) + area(j) - shared) > threshold) gone[j] = 1
    }
  }
  return kept
}

const once = { iterations: 1, time: 0, warmupIterations: 0, warmupTime: 0 }

for (const [count, crowding] of [
  [1000, 1],
  [10_000, 1],
  [100_000, 1],
  [100_000, 8],
] as const) {
  const set = boxes(count, crowding)
  describe(`NMS of ${count} boxes, crowding ${crowding}`, () => {
    bench('greedyNms', () => {
      greedyNms(set.boxesXyxy, set.scores, 0.5)
    })
    // The plain loop takes tens of seconds at 100,000.
    if (count <= 10_000) bench('plain loop', () => void plainNms(set, 0.5), once)
  })
}
