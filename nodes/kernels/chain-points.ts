import { type Border, CODE_DX, CODE_DY } from './contour.ts'

/**
 * Which pixels of a border are kept as points x, y, x, y, …, by OpenCV's names: `none` all of them, `simple` where the
 * direction changes, `tc89-l1` the dominant points of Teh and Chin 1989 with 1-curvature (CHAIN_APPROX_TC89_L1).
 */
export function borderPoints(border: Border, method: 'none' | 'simple' | 'tc89-l1'): Int32Array<ArrayBuffer> {
  const count = border.codes.length
  if (count === 0) return Int32Array.of(border.startX, border.startY)
  const all = new Int32Array(2 * count)
  let x = border.startX
  let y = border.startY
  for (let i = 0; i < count; i++) {
    all[2 * i] = x
    all[2 * i + 1] = y
    x += CODE_DX[border.codes[i]!]!
    y += CODE_DY[border.codes[i]!]!
  }
  if (method === 'none') return all
  const turns = turnsOf(border.codes)
  const kept = method === 'simple' ? indicesOf(turns) : dominantPoints(all, turns)
  return Int32Array.from({ length: 2 * kept.length }, (_, k) => all[2 * kept[k >> 1]! + (k & 1)]!)
}

/** Turn at each point in eighths of a circle, 0 … 4. */
function turnsOf(codes: Uint8Array): Uint8Array {
  return codes.map((code, i) => {
    const difference = Math.abs(code - codes[(i + codes.length - 1) % codes.length]!)
    return Math.min(difference, 8 - difference)
  })
}

function indicesOf(strengths: Uint8Array): number[] {
  const indices: number[] = []
  for (let i = 0; i < strengths.length; i++) if (strengths[i] !== 0) indices.push(i)
  return indices
}

/**
 * 1. The region of support of each turning point grows while the chord grows and the point moves away from it.
 * 2. A point with a stronger one within half its support goes.
 * 3. A point of support 1 that is not stronger than both neighbours goes.
 * 4. Of points left directly side by side, a pair keeps the better one, a longer row its two ends.
 */
function dominantPoints(points: Int32Array, turns: Uint8Array): number[] {
  const length = turns.length
  const strength = turns.slice()
  const support = new Int32Array(length)
  let kept = indicesOf(strength)
  for (const i of kept) support[i] = supportOf(points, i)
  kept = kept.filter(i => {
    for (let j = 1; j <= support[i]! >> 1; j++) {
      if (strength[(i + length - j) % length]! > strength[i]! || strength[(i + j) % length]! > strength[i]!) {
        strength[i] = 0
        return false
      }
    }
    return true
  })
  kept = kept.filter(i => {
    const isWeak =
      support[i] === 1 &&
      (strength[i]! <= strength[(i + length - 1) % length]! || strength[i]! <= strength[(i + 1) % length]!)
    if (isWeak) strength[i] = 0
    return !isWeak
  })
  return thinRows(kept, strength, support)
}

/** k − 1 for the first k at which the region of support stops growing. */
function supportOf(points: Int32Array, i: number): number {
  const length = points.length / 2
  const x = points[2 * i]!
  const y = points[2 * i + 1]!
  let chord = 0
  let distance = 0
  for (let k = 1; ; k++) {
    const a = 2 * ((((i - k) % length) + length) % length)
    const b = 2 * ((i + k) % length)
    const dx = points[b]! - points[a]!
    const dy = points[b + 1]! - points[a + 1]!
    /** Squared; and the distance to it times its length. */
    const nextChord = dx * dx + dy * dy
    const nextDistance = (x - points[a]!) * dy - (y - points[a + 1]!) * dx
    if (k > 1) {
      const trend = Math.fround(distance * nextChord - nextDistance * chord)
      // −0 compares as OpenCV's integer view of a float does: it is negative.
      const isNotPositive = trend <= 0
      const isNotNegative = trend >= 0 && !Object.is(trend, -0)
      if (chord >= nextChord || (distance > 0 && isNotPositive) || (distance < 0 && isNotNegative)) return k - 1
    }
    if (k > length) return k
    distance = nextDistance
    chord = nextChord
  }
}

/**
 * Step 4 in OpenCV's order and with its slip: after a pair that lost its second point, a pair that should lose its first
 * one keeps both, because the cut is made on the point already gone.
 */
function thinRows(kept: readonly number[], strength: Uint8Array, support: Int32Array): number[] {
  const length = strength.length
  if (kept.length === 0 || kept.length === length) return [...kept]
  let order: number[] = [...kept]
  if (order[0] === 0 && order[order.length - 1] === length - 1) {
    // A row that spans the start of the chain: of three points or more only the ends stay, a pair moves to the end.
    let head = 0
    while (order[head + 1] === order[head]! + 1) head++
    let tail = order.length - 1
    while (order[tail - 1] === order[tail]! - 1) tail--
    const isPair = head === 0 && tail === order.length - 1
    order = isPair ? [...order.slice(1), length] : order.slice(head, tail + 1)
  }
  const result: number[] = []
  let secondWasDropped = false
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to + 1 < order.length && order[to + 1] === order[to]! + 1) to++
    const a = order[from]! % length
    const b = order[to]! % length
    const isPair = to === from + 1
    const firstIsBetter = strength[a]! > strength[b]! || (strength[a] === strength[b] && support[a]! <= support[b]!)
    if (!isPair) result.push(...(to === from ? [a] : [a, b]))
    else if (firstIsBetter) result.push(a)
    else result.push(...(secondWasDropped ? [a, b] : [b]))
    secondWasDropped = isPair && firstIsBetter
    from = to + 1
  }
  return result
}
