import { connectedComponents } from '../kernels/components.ts'
import { maskIou } from '../kernels/mask-iou.ts'
import { maskCount } from '../kernels/mask-sets.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import type { Instances } from '../values/instances.ts'
import type { ProblemKind } from './problems.ts'

/** Everything the validator can find, from what cannot be trained on to what deserves a look. */
export const severities = {
  'bad-row': 'error',
  'unknown-image': 'error',
  'unknown-label': 'error',
  'missing-mask': 'error',
  'bad-mask': 'error',
  'mask-size': 'error',
  'bad-box': 'error',
  'outside-frame': 'error',
  unreadable: 'error',
  'no-image': 'error',
  'frame-size': 'error',
  'empty-mask': 'error',
  'duplicate-mask': 'error',
  'box-mismatch': 'error',
  'no-annotations': 'warning',
  'similar-mask': 'warning',
  'small-mask': 'warning',
  'several-parts': 'warning',
  'duplicate-image': 'warning',
} as const satisfies { readonly [kind in ProblemKind]: Severity } & { readonly [kind: string]: Severity }

export type Severity = 'error' | 'warning'
export type FindingKind = keyof typeof severities

export interface Finding {
  readonly what: FindingKind
  /** Position among the instances of the item; undefined when it is about the whole item. */
  readonly instance?: number
  readonly measured?: number
  readonly limit?: number
  readonly message: string
}

export interface Limits {
  /** Largest distance of a side of a box from that side of the box of its mask, px. */
  readonly boxTolerancePx: number
  /** Masks with this IoU or more, but not equal, are similar. */
  readonly similarIou: number
  /** Masks of fewer pixels are small. */
  readonly smallPx: number
  /** Masks of more parts (over corners connected) have several. */
  readonly maxParts: number
}

/**
 * What is wrong with the instances of one item, by instance. Each instance is found at most once for each kind: one that
 * equals several earlier ones names the first, one that is similar to several the one most similar (ties: the first).
 * Crowd regions have boxes and parts of their own making, so these are not looked at.
 */
export function checkInstances(instances: Instances, limits: Limits): Finding[] {
  const { masks, labels, crowd } = instances
  const areasPx = maskAreas(masks)
  const twins = findTwins(instances, limits.similarIou)
  const maskBoxes = maskBoxesXyxy(masks)
  const findings: Finding[] = []
  for (let i = 0; i < labels.length; i++) {
    const areaPx = areasPx[i]!
    if (areaPx === 0) {
      findings.push({ what: 'empty-mask', instance: i, measured: 0, limit: 1, message: 'the mask has no pixel' })
      continue
    }
    if (areaPx < limits.smallPx) {
      const message = `the mask has ${areaPx} pixels, fewer than ${limits.smallPx}`
      findings.push({ what: 'small-mask', instance: i, measured: areaPx, limit: limits.smallPx, message })
    }
    const twin = twins[i]
    if (twin?.iou === 1) {
      const message = `the mask equals that of instance ${twin.of}${labels[i] === labels[twin.of] ? '' : ', of another class'}`
      findings.push({ what: 'duplicate-mask', instance: i, measured: 1, limit: 1, message })
    } else if (twin) {
      const message = `the mask shares IoU ${twin.iou.toFixed(4)} with that of instance ${twin.of}`
      findings.push({ what: 'similar-mask', instance: i, measured: twin.iou, limit: limits.similarIou, message })
    }
    if (crowd?.[i]) continue
    const gapPx = largestGap(instances.boxesXyxy, maskBoxes, i)
    if (gapPx > limits.boxTolerancePx) {
      const boxes = `${boxText(instances.boxesXyxy, i)}, that of the mask ${boxText(maskBoxes, i)}`
      const message = `the box is ${boxes} (x1 y1 x2 y2)`
      findings.push({ what: 'box-mismatch', instance: i, measured: gapPx, limit: limits.boxTolerancePx, message })
    }
    const parts = maskCount(connectedComponents(masks, i, 8))
    if (parts > limits.maxParts) {
      const message = `the mask has ${parts} parts that do not touch`
      findings.push({ what: 'several-parts', instance: i, measured: parts, limit: limits.maxParts, message })
    }
  }
  return findings
}

interface Twin {
  readonly of: number
  readonly iou: number
}

/** For each instance the earlier one it is most like, if the IoU of both masks is `similarIou` or more. */
function findTwins({ masks, labels }: Instances, similarIou: number): (Twin | undefined)[] {
  const count = labels.length
  const ious = maskIou(masks, masks)
  return Array.from({ length: count }, (_, i) => {
    let best: Twin | undefined
    for (let j = 0; j < i; j++) {
      const iou = ious[i * count + j]!
      if (iou >= similarIou && iou > (best?.iou ?? 0)) best = { of: j, iou }
    }
    return best
  })
}

function largestGap(boxesXyxy: Float64Array, others: Float64Array, i: number): number {
  return Math.max(...[0, 1, 2, 3].map(side => Math.abs(boxesXyxy[4 * i + side]! - others[4 * i + side]!)))
}

function boxText(boxesXyxy: Float64Array, i: number): string {
  return Array.from(boxesXyxy.subarray(4 * i, 4 * i + 4), side => Number(side.toFixed(2))).join(' ')
}
