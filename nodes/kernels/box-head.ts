import { type DeltaClamp, decodeDelta } from './box-coder.ts'
import { clipBoxes } from './box-geometry.ts'
import { boxesToFrame, type ViewFrame, viewHw } from './view-frame.ts'

export interface BoxHeadRules {
  readonly deltaWeights: readonly [number, number, number, number]
  readonly clampLogSize: number
  readonly clamp: DeltaClamp
}

/**
 * Boxes of a box head in the original image: decode `deltas` [N, D, 4] on `roisXyxy` [4N], clip to the view, mirror
 * back, scale. Of the D boxes of a proposal those at `columns` are kept, in that order; [N · columns.length · 4].
 * In doubles until the end; the result is rounded to float32 once.
 */
export function decodeBoxHead(
  deltas: Float32Array,
  roisXyxy: Float32Array,
  columns: ArrayLike<number>,
  rules: BoxHeadRules,
  view: ViewFrame,
): Float32Array {
  const count = roisXyxy.length / 4
  const perProposal = count === 0 ? 0 : deltas.length / (4 * count)
  const kept = columns.length
  const row = new Float64Array(4 * kept)
  const out = new Float32Array(4 * kept * count)
  const clipHw = viewHw(view)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < kept; k++) {
      const delta = 4 * (i * perProposal + columns[k]!)
      decodeDelta(row, 4 * k, roisXyxy, 4 * i, deltas, delta, rules.deltaWeights, rules.clampLogSize, rules.clamp)
    }
    clipBoxes(row, clipHw)
    out.set(boxesToFrame(row, view), 4 * kept * i)
  }
  return out
}
