import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import type { Calibrations } from '../../nodes/values/calibration.ts'
import type { Classes } from '../../nodes/values/classes.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import type { Hierarchy } from '../../nodes/values/hierarchy.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Label } from '../../nodes/values/label.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import type { Proposals } from '../../nodes/values/proposals.ts'
import type { RoiMasks } from '../../nodes/values/roi-masks.ts'
import type { Selection } from '../../nodes/values/selection.ts'
import type { Semantic } from '../../nodes/values/semantic.ts'
import type { Table } from '../../nodes/values/table.ts'
import type { Weights } from '../../nodes/values/weights.ts'
import { classesOf } from './collections.ts'
import { boxInstances } from './instances.ts'

/** One good value of every kind that is stored and has rules; fresh, so that a test may spoil it. */
export function kindSamples() {
  const frameHw = [12, 10] as [number, number]
  const boxesXyxy = Float64Array.of(0, 0, 5, 5, 1, 2, 3, 4, 0, 0, 10, 12)
  const scores = Float64Array.of(0.9, 0.5, 0)
  const truth = boxInstances(frameHw, [
    { box: [0, 0, 5, 5], score: 0.9 },
    { box: [1, 2, 3, 4], score: 0.5, label: 2 },
    { box: [4, 3, 8, 12], score: 1, label: 1 },
  ])
  return {
    proposals: { frameHw, boxesXyxy, scores } satisfies Proposals as Proposals,
    detections: { frameHw, boxesXyxy, scores, labels: Int32Array.of(2, 0, 1) } as Detections,
    boxes: {
      frameHw,
      classCount: 2,
      probabilities: Float32Array.of(0.5, 0.25, 0, 1),
      boxesXyxy: Float32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 10, 12, 5, 5, 5, 5),
      boxesPerProposal: 2,
    } as ProposalBoxes,
    'roi-masks': { sizePx: 2, probabilities: Float32Array.of(0, 0.5, 1, 0.25, 1, 1, 0, 0) } as RoiMasks,
    instances: {
      ...truth,
      crowd: Uint8Array.of(0, 1, 0),
      areasPx: Float64Array.of(25, 4.5, 36),
      groupOf: Uint8Array.of(0, 0, 1),
    } as Instances,
    image: {
      sha256: 'a'.repeat(64),
      widthPx: 10,
      heightPx: 12,
      channels: 3,
      bitDepth: 8,
      format: 'png',
    } as ImageRef,
    classes: classesOf('cat', 'dog') as Classes,
    hierarchy: { ...classesOf('cat', 'dog', 'pet'), parents: [[2], [2], []] } as Hierarchy,
    metrics: { box: { AP: 0.5, APs: null } } as Metrics,
    table: { columns: ['class', 'AP'], rows: [['cat', 0.5] as const, ['dog', null] as const] } as Table,
    label: { text: 'astro' } as Label,
    semantic: {
      frameHw: [4, 6],
      maps: {
        bce: { sizeHw: [2, 3], values: Float32Array.of(0, 0.5, 1, 0.25, 0, 1) },
        soft: { sizeHw: [1, 2], values: Uint8Array.of(0, 255, 7, 8) },
      },
      vectors: { image: Float32Array.of(-3, 4) },
    } as Semantic,
    selection: { ids: ['a', 'b/c'] } as Selection,
    calibration: {
      method: 'isotonic',
      fits: [{ others: { temperature: 2 }, classes: { cat: { scores: [0.1, 0.9], values: [0, 1] } } }],
      folds: {},
    } as Calibrations,
    weights: { model: { L1: 2, L3: 0 }, flip: {} } as Weights,
  }
}

export type SampledKind = keyof ReturnType<typeof kindSamples>
