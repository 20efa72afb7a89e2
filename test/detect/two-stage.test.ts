import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boxesNms } from '../../nodes/boxes/nms.ts'
import { detectBoxes } from '../../nodes/detect/boxes.ts'
import { detectMasks } from '../../nodes/detect/masks.ts'
import type { ModelFeatures } from '../../nodes/detect/model-features.ts'
import { detectPropose } from '../../nodes/detect/propose.ts'
import { ensembleBoxes } from '../../nodes/ensemble/boxes.ts'
import { ensembleMasks } from '../../nodes/ensemble/masks.ts'
import { ensembleProposals } from '../../nodes/ensemble/proposals.ts'
import { maskIou } from '../../nodes/kernels/mask-iou.ts'
import { selectMasks } from '../../nodes/kernels/mask-sets.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Proposals } from '../../nodes/values/proposals.ts'
import type { RoiMasks } from '../../nodes/values/roi-masks.ts'
import { runNode, type TestRun } from '../helpers/run-context.ts'
import { demoModel, golden, inferenceRun, largestDifference, scene } from '../helpers/scene.ts'

type Tensors = ReturnType<typeof golden>

/** Allowed against NumPy and another build of onnxruntime on another processor. */
const TOLERANCE = { boxPx: 1e-2, score: 1e-4, maskIou: 0.999 }

let run: TestRun
beforeAll(async () => {
  run = await inferenceRun({ wanted: ['features', 'proposals', 'boxes', 'detections', 'masks', 'instances'] })
})
afterAll(() => run.close())

async function view(
  model: string,
  scale: number,
  flip: string,
): Promise<{ features: ModelFeatures; proposals: Proposals }> {
  const outputs = await runNode(detectPropose, { images: scene }, { model: demoModel(model), scale, flip }, run)
  return outputs as unknown as { features: ModelFeatures; proposals: Proposals }
}

async function heads(features: ModelFeatures, proposals: Proposals): Promise<ProposalBoxes> {
  return (await runNode(detectBoxes, { features, proposals }, {}, run))['boxes'] as ProposalBoxes
}

/** From averaged boxes on: detections, soft masks of every view, instances. */
async function finish(boxes: ProposalBoxes, views: readonly { features: ModelFeatures }[], score: number) {
  const params = { score, iou: 0.5, max: 100, min_side: 0.01 }
  const detections = (await runNode(boxesNms, { boxes }, params, run))['detections'] as Detections
  const masks: RoiMasks[] = []
  for (const { features } of views)
    masks.push((await runNode(detectMasks, { features, detections }, {}, run))['masks'] as RoiMasks)
  const inputs = { masks, detections }
  const instances = (await runNode(ensembleMasks, inputs, { threshold: 0.5 }, run))['instances'] as Instances
  return { masks, instances }
}

function expectProposals(found: Proposals, expected: Tensors): void {
  expect(largestDifference(found.scores, expected.get('proposal_scores')!.data)).toBeLessThan(TOLERANCE.score)
  expect(largestDifference(found.boxesXyxy, expected.get('proposals')!.data)).toBeLessThan(TOLERANCE.boxPx)
}

function expectInstances(found: Instances, expected: Tensors): void {
  expect(found.sizeHw).toEqual([240, 320])
  expect([...found.labels]).toEqual([...expected.get('labels')!.data])
  expect(largestDifference(found.scores, expected.get('scores')!.data)).toBeLessThan(TOLERANCE.score)
  expect(largestDifference(found.boxesXyxy, expected.get('boxes')!.data)).toBeLessThan(TOLERANCE.boxPx)
  const masks = masksOf(expected)
  for (const i of found.labels.keys()) {
    const ours = selectMasks(found.masks, [i])
    const theirs = selectMasks(masks, [i])
    // Bicycle masks may be empty on both sides; the IoU of two empties is 0 by definition.
    if (theirs.starts.length === 0) expect(ours.starts, `mask ${i}`).toHaveLength(0)
    else expect(maskIou(ours, theirs)[0], `mask ${i}`).toBeGreaterThanOrEqual(TOLERANCE.maskIou)
  }
}

function masksOf(expected: Tensors): MaskSet {
  const runs = (name: string) => expected.get(name)!.data as Uint32Array
  return { sizeHw: [240, 320], starts: runs('starts'), ends: runs('ends'), offsets: runs('offsets') }
}

describe('one view of a two-stage model', () => {
  it.each([240, 128])('gives the golden proposals, boxes and masks at %i px', async scale => {
    const expected = golden(`L1-${scale}`)
    const views = [await view('L1', scale, 'none')]
    const { features, proposals } = views[0]!
    expectProposals(proposals, expected)
    const boxes = await heads(features, proposals)
    expect(largestDifference(boxes.probabilities, expected.get('probabilities')!.data)).toBeLessThan(TOLERANCE.score)
    const decoded = expected.get('decoded_boxes')
    if (decoded) expect(largestDifference(boxes.boxesXyxy, decoded.data)).toBeLessThan(TOLERANCE.boxPx)
    const { instances } = await finish(boxes, views, 0.05)
    expectInstances(instances, expected)
    features.release()
  })
})

describe('twelve views averaged at three stages', () => {
  it('give the golden merged proposals, mean boxes, mean masks and instances', async () => {
    const expected = golden('ensemble')
    const views: { features: ModelFeatures; proposals: Proposals }[] = []
    for (const model of ['L1', 'L2', 'L3'])
      for (const scale of [208, 272])
        for (const flip of ['none', 'horizontal']) views.push(await view(model, scale, flip))
    const pooled = await runNode(
      ensembleProposals,
      { proposals: views.map(v => v.proposals) },
      { iou: 0.7, max: 300 },
      run,
    )
    const proposals = pooled['proposals'] as Proposals
    expectProposals(proposals, expected)
    const boxes: ProposalBoxes[] = []
    for (const { features } of views) boxes.push(await heads(features, proposals))
    const mean = (await runNode(ensembleBoxes, { boxes }, {}, run))['boxes'] as ProposalBoxes
    expect(largestDifference(mean.probabilities, expected.get('probabilities')!.data)).toBeLessThan(TOLERANCE.score)
    expect(largestDifference(mean.boxesXyxy, expected.get('decoded_boxes')!.data)).toBeLessThan(TOLERANCE.boxPx)
    const { masks, instances } = await finish(mean, views, 0.02)
    expectInstances(instances, expected)
    const soft = expected.get('roi_masks')!.data
    const average = Float64Array.from(
      soft,
      (_, i) => masks.reduce((sum, m) => sum + m.probabilities[i]!, 0) / masks.length,
    )
    expect(largestDifference(average, soft)).toBeLessThan(1e-3)
    for (const { features } of views) features.release()
  })
})
