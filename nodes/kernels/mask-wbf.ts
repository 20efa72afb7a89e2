import { indicesByGroup } from './groups.ts'
import { endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { maskIou } from './mask-iou.ts'
import { type FusedMasks, fusedMasks, type MaskCluster, type PooledMasks } from './mask-pool.ts'
import { selectMasks } from './mask-sets.ts'
import { voteMasks } from './mask-vote.ts'
import type { MaskSet } from './masks.ts'
import { argsortDescending } from './order.ts'
import { pasteGridSample } from './paste-grid-sample.ts'
import { addRegion, type SoftRegion } from './paste-region.ts'
import { maskBoxesXyxy } from './rle.ts'

/** The masks as the networks gave them; they are fused before they are cut at a threshold. */
export interface SoftMasks {
  /** M. */
  readonly sizePx: number
  /** [N · M · M] row-major, in [0, 1]. */
  readonly probabilities: Float32Array
  /** [4N] where each lies in the frame. */
  readonly boxesXyxy: Float64Array
}

export interface MaskWbfOptions {
  readonly sourceCount: number
  /** [sourceCount] ≥ 0, not all 0; default all 1. A source of weight 0 takes no part. */
  readonly weights?: ArrayLike<number>
  /** An instance joins a cluster when the IoU of their masks is > this. Default 0.5. */
  readonly iouThreshold?: number
  /** Instances whose own score is < this are left out. Default 0. */
  readonly skipBelow?: number
  /** A fused pixel is foreground when its weighted mean is > this. Default 0.5. */
  readonly maskThreshold?: number
  /** May a cluster hold several instances of one source? Default false: a model's own instances are different objects. */
  readonly severalPerSource?: boolean
  readonly soft?: SoftMasks
}

/**
 * Weighted fusion of masks: weighted boxes fusion with masks in the place of boxes. No published program; defined here.
 *
 * With w the weight of an instance's source, s = w · score, W = Σ w over all sources:
 * 1. Instances without pixels, below `skipBelow` or of weight 0 are left out. The others are taken by s descending,
 *    ties in source order, each label by itself.
 * 2. One joins the cluster whose CURRENT fused mask has the highest IoU with its own mask, if that is > `iouThreshold`
 *    (equal: the older cluster) and the cluster holds nothing of its source yet (unless `severalPerSource`); else it
 *    founds one.
 * 3. The fused mask is where Σ s · m / Σ s > `maskThreshold` over the members, m the member's soft value at the pixel
 *    centre (the bilinear paste of `paste-grid-sample.ts`, 0 outside its box) or, without `soft`, its mask. When all s
 *    are 0 they weigh alike. If no pixel passes, the fused mask is that of the founder.
 * 4. The score measures agreement: Σ s · IoU(member's mask, fused mask) / max(W, Σ w of members). A source that did not
 *    see the object adds 0, one that drew it elsewhere adds less. An instance alone has s / W; the score never exceeds
 *    the members' weighted mean.
 * The box is the tight box of the fused mask.
 *
 * The result does not depend on the order of the sources as long as no two s are equal.
 * @param pool with `soft`, `masks` are the soft masks pasted and cut at the threshold the members were judged by.
 */
export function weightedMaskFusion(pool: PooledMasks, options: MaskWbfOptions): FusedMasks {
  const { masks, scores, labels, sources } = pool
  const weights = Float64Array.from(options.weights ?? Array.from({ length: options.sourceCount }, () => 1))
  if (weights.length !== options.sourceCount) {
    throw new RangeError(`${weights.length} weights were given for ${options.sourceCount} sources`)
  }
  const totalWeight = weights.reduce((sum, weight) => sum + weight, 0)
  if (!(totalWeight > 0)) throw new RangeError('the weights of the sources add up to 0')
  const weighted = scores.map((score, i) => score * weights[sources[i]!]!)
  const boxes = maskBoxesXyxy(masks)
  const order = argsortDescending(weighted).filter(
    i =>
      masks.offsets[i]! < masks.offsets[i + 1]! && scores[i]! >= (options.skipBelow ?? 0) && weights[sources[i]!]! > 0,
  )
  const clusters: MaskCluster[] = []
  for (const [label, indices] of indicesByGroup(order, labels)) {
    const open: OpenCluster[] = []
    for (const index of indices) {
      const own = selectMasks(masks, [index])
      const box = boxes.subarray(4 * index, 4 * index + 4)
      const cluster = bestCluster(open, own, box, sources, sources[index]!, options)
      if (cluster === undefined) open.push({ members: [index], mask: own, boxXyxy: box })
      else join(cluster, index, pool, weighted, options)
    }
    for (const { members, mask } of open) {
      const ious = maskIou(selectMasks(masks, members), mask)
      const memberWeight = members.reduce((sum, i) => sum + weights[sources[i]!]!, 0)
      const agreement = members.reduce((sum, i, k) => sum + weighted[i]! * ious[k]!, 0)
      clusters.push({ mask, score: agreement / Math.max(totalWeight, memberWeight), label, members })
    }
  }
  return fusedMasks(pool, clusters)
}

interface OpenCluster {
  readonly members: number[]
  mask: MaskSet
  boxXyxy: Float64Array
  /** Σ s · m of the members so far; kept from the second one on. */
  sums?: SoftRegion
}

function bestCluster(
  open: readonly OpenCluster[],
  own: MaskSet,
  box: Float64Array,
  sources: Int32Array,
  source: number,
  options: MaskWbfOptions,
): OpenCluster | undefined {
  let best: OpenCluster | undefined
  let bestIou = options.iouThreshold ?? 0.5
  for (const cluster of open) {
    const other = cluster.boxXyxy
    if (other[0]! >= box[2]! || other[2]! <= box[0]! || other[1]! >= box[3]! || other[3]! <= box[1]!) continue
    if (!options.severalPerSource && cluster.members.some(i => sources[i] === source)) continue
    const iou = maskIou(own, cluster.mask)[0]!
    if (iou > bestIou) {
      best = cluster
      bestIou = iou
    }
  }
  return best
}

function join(
  cluster: OpenCluster,
  index: number,
  pool: PooledMasks,
  weighted: Float64Array,
  options: MaskWbfOptions,
): void {
  cluster.members.push(index)
  const { members } = cluster
  const total = members.reduce((sum, i) => sum + weighted[i]!, 0)
  const share = (i: number) => (total > 0 ? weighted[i]! : 1)
  const threshold = options.maskThreshold ?? 0.5
  let fused: MaskSet
  if (options.soft === undefined) {
    fused = voteMasks(selectMasks(pool.masks, members), members.map(share), threshold)
  } else {
    const { sizeHw } = pool.masks
    // All-zero scores weigh alike, so zero sums of earlier joins must be made again.
    const added = cluster.sums === undefined || total === 0 ? members : [index]
    let sums = total === 0 ? undefined : cluster.sums
    for (const i of added) sums = addSoft(sums, softRegion(options.soft, i, sizeHw), share(i))
    if (sums !== undefined) cluster.sums = sums
    fused = cutAt(sums, threshold * (total > 0 ? total : members.length), sizeHw)
  }
  cluster.mask = fused.starts.length > 0 ? fused : selectMasks(pool.masks, [members[0]!])
  cluster.boxXyxy = maskBoxesXyxy(cluster.mask)
}

function softRegion(soft: SoftMasks, index: number, sizeHw: readonly [number, number]): SoftRegion | undefined {
  const cells = soft.sizePx * soft.sizePx
  const [x1, y1, x2, y2] = soft.boxesXyxy.subarray(4 * index, 4 * index + 4)
  return pasteGridSample(
    soft.probabilities.subarray(index * cells, (index + 1) * cells),
    soft.sizePx,
    [x1!, y1!, x2!, y2!],
    sizeHw,
  )
}

/** `sums` + weight · region, over the rectangle around both. */
function addSoft(sums: SoftRegion | undefined, region: SoftRegion | undefined, weight: number): SoftRegion | undefined {
  if (region === undefined) return sums
  const left = Math.min(region.left, sums?.left ?? region.left)
  const top = Math.min(region.top, sums?.top ?? region.top)
  const right = Math.max(region.left + region.sizeHw[1], sums === undefined ? 0 : sums.left + sums.sizeHw[1])
  const bottom = Math.max(region.top + region.sizeHw[0], sums === undefined ? 0 : sums.top + sums.sizeHw[0])
  const sizeHw = [bottom - top, right - left] as const
  const values = new Float64Array(sizeHw[0] * sizeHw[1])
  for (const [part, factor] of [[sums, 1] as const, [region, weight] as const]) {
    if (part === undefined) continue
    const [height, width] = part.sizeHw
    for (let y = 0; y < height; y++) {
      const to = (part.top - top + y) * sizeHw[1] + part.left - left
      for (let x = 0; x < width; x++) values[to + x]! += factor * part.values[y * width + x]!
    }
  }
  return { left, top, sizeHw, values }
}

function cutAt(sums: SoftRegion | undefined, limit: number, sizeHw: readonly [number, number]): MaskSet {
  const builder = newMaskBuilder(sizeHw)
  if (sums !== undefined) addRegion(builder, sums, { threshold: limit, comparison: '>', quantise: 'none' })
  endMask(builder)
  return finishMasks(builder)
}
