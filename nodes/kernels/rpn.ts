import { type AnchorLevel, baseAnchors } from './anchors.ts'
import { type DeltaClamp, decodeDelta } from './box-coder.ts'
import { clipBoxes } from './box-geometry.ts'
import { greedyNms } from './nms.ts'
import { topK } from './order.ts'

/** What a region proposal head says about one pyramid level, A anchors in each of h × w cells. */
export interface RpnLevel extends AnchorLevel {
  /** [A, h, w] logits. */
  readonly objectness: Float32Array
  /** [4A, h, w]; channel = anchor · 4 + (dx, dy, dw, dh). */
  readonly deltas: Float32Array
  /** [h, w]. */
  readonly gridHw: readonly [number, number]
}

export interface RpnRules {
  readonly deltaWeights: readonly [number, number, number, number]
  readonly clampLogSize: number
  readonly clamp: DeltaClamp
  /** Boxes with the best logits of each level that go on. */
  readonly topPerLevel: number
  /** NMS within each level suppresses IoU > this. */
  readonly nmsIou: number
  /** Boxes in the end, over all levels. */
  readonly max: number
  /** Boxes with a side < this are dropped. */
  readonly minSidePx: number
  /** Boxes with a score > this go on; absent: all. They could not suppress better ones, so it does not matter when. */
  readonly scoreThreshold?: number
}

export interface RpnBoxes {
  /** [4N] in the frame of the network's input. */
  readonly boxesXyxy: Float64Array
  /** [N] sigmoid of the logit, descending. */
  readonly scores: Float64Array
  /** [N] pyramid level of each. */
  readonly levels: Int32Array
}

/**
 * Proposals of one view as torchvision's RegionProposalNetwork 0.2x makes them: the best `topPerLevel` logits of each
 * level, decode, clip to the unpadded size, drop sides < `minSidePx`, NMS within levels (IoU > `nmsIou`), the best `max`.
 * Anchors are ordered by y, x, anchor; equal scores keep that order, lower levels first. Scores are rounded to float32
 * before they are compared, as there; boxes stay in double.
 */
export function decodeRpn(levels: readonly RpnLevel[], sizeHw: readonly [number, number], rules: RpnRules): RpnBoxes {
  const room = levels.reduce((sum, level) => sum + Math.min(rules.topPerLevel, level.objectness.length), 0)
  const boxes = new Float64Array(4 * room)
  const scores = new Float64Array(room)
  const levelOf = new Int32Array(room)
  const box = new Float64Array(4)
  const threshold = Math.fround(rules.scoreThreshold ?? Number.NEGATIVE_INFINITY)
  let count = 0
  for (const [levelIndex, level] of levels.entries()) {
    const anchors = baseAnchors(level)
    const perCell = anchors.length / 4
    const [gridHeight, gridWidth] = level.gridHw
    const cells = gridHeight * gridWidth
    const logits = cellMajor(level.objectness, perCell, cells)
    const anchor = new Float64Array(4)
    const delta = new Float64Array(4)
    for (const index of topK(logits, rules.topPerLevel)) {
      const score = Math.fround(1 / (1 + Math.exp(-logits[index]!)))
      if (score <= threshold) break
      const kind = index % perCell
      const cell = (index - kind) / perCell
      const shiftX = (cell % gridWidth) * level.stridePx
      const shiftY = Math.floor(cell / gridWidth) * level.stridePx
      for (let side = 0; side < 4; side++) {
        anchor[side] = anchors[4 * kind + side]! + (side % 2 === 0 ? shiftX : shiftY)
        delta[side] = level.deltas[(4 * kind + side) * cells + cell]!
      }
      decodeDelta(box, 0, anchor, 0, delta, 0, rules.deltaWeights, rules.clampLogSize, rules.clamp)
      clipBoxes(box, sizeHw)
      if (box[2]! - box[0]! < rules.minSidePx || box[3]! - box[1]! < rules.minSidePx) continue
      boxes.set(box, 4 * count)
      scores[count] = score
      levelOf[count++] = levelIndex
    }
  }
  const kept = greedyNms(boxes, scores.subarray(0, count), rules.nmsIou, {
    groups: levelOf,
    max: rules.max,
  })
  const out = { boxesXyxy: new Float64Array(4 * kept.length), scores: new Float64Array(kept.length) }
  for (let i = 0; i < kept.length; i++) {
    out.boxesXyxy.set(boxes.subarray(4 * kept[i]!, 4 * kept[i]! + 4), 4 * i)
    out.scores[i] = scores[kept[i]!]!
  }
  return { ...out, levels: Int32Array.from(kept, i => levelOf[i]!) }
}

/** [A, cells] → [cells, A]: the order in which anchors are numbered. */
function cellMajor(planes: Float32Array, perCell: number, cells: number): Float32Array {
  const out = new Float32Array(planes.length)
  for (let kind = 0; kind < perCell; kind++) {
    for (let cell = 0; cell < cells; cell++) out[cell * perCell + kind] = planes[kind * cells + cell]!
  }
  return out
}
