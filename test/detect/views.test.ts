import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { detectBoxes } from '../../nodes/detect/boxes.ts'
import { detectMasks } from '../../nodes/detect/masks.ts'
import { type ModelFeatures, roisInView } from '../../nodes/detect/model-features.ts'
import { detectPropose } from '../../nodes/detect/propose.ts'
import { ensembleRpn } from '../../nodes/ensemble/rpn.ts'
import { flipBoxes } from '../../nodes/kernels/box-geometry.ts'
import { sessionsResource } from '../../nodes/onnx/sessions.ts'
import type { OnnxSessions, RunRequest } from '../../nodes/onnx/tensor.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import { featuresKind, type View } from '../../nodes/values/features.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Proposals } from '../../nodes/values/proposals.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import type { RoiMasks } from '../../nodes/values/roi-masks.ts'
import { type RpnMaps, rpnKind } from '../../nodes/values/rpn.ts'
import { runNode, type TestRun, testCheck } from '../helpers/run-context.ts'
import { demoModel, inferenceRun, largestDifference, scene } from '../helpers/scene.ts'

const params = { model: demoModel('P1'), scale: 96, flip: 'none' }
const noProposals: Proposals = { frameHw: [240, 320], boxesXyxy: new Float64Array(0), scores: new Float64Array(0) }

/** A run whose graph calls are written down. */
async function spiedRun(wanted: string[]) {
  const run = await inferenceRun({ wanted })
  const sessions = await run.context.resource<OnnxSessions>(sessionsResource('cpu'), () =>
    Promise.reject(new Error('none')),
  )
  const requests: RunRequest[] = []
  const released: number[] = []
  const { run: runGraph, release } = sessions
  sessions.run = request => {
    requests.push(request)
    return runGraph(request)
  }
  sessions.release = handle => {
    released.push(handle)
    release(handle)
  }
  return { run, requests, released }
}

describe('detect/propose', () => {
  it('fetches no proposal maps when only features are wanted', async () => {
    const { run, requests } = await spiedRun(['features'])
    const outputs = await runNode(detectPropose, { images: scene }, params, run)
    expect(Object.keys(outputs)).toEqual(['features'])
    expect(requests[0]!.fetch).toEqual([])
    expect(requests[0]!.keep).toEqual(['feat0', 'feat1', 'feat2', 'feat3'])
    expect(run.views).toBe(1)
    await run.close()
  })

  it('keeps no features when only proposals are wanted', async () => {
    const { run, requests } = await spiedRun(['proposals'])
    const outputs = await runNode(detectPropose, { images: scene }, params, run)
    expect(Object.keys(outputs)).toEqual(['proposals'])
    expect(requests[0]!.keep).toEqual([])
    expect(run.views).toBe(1)
    await run.close()
  })

  it('gives the maps behind its proposals, alone if nothing else is wanted', async () => {
    const { run, requests } = await spiedRun(['rpn'])
    const { rpn } = (await runNode(detectPropose, { images: scene }, params, run)) as { rpn: RpnMaps }
    expect(requests[0]!.keep).toEqual([])
    expect(rpn.levels.map(({ gridHw, stridePx }) => [...gridHw, stridePx])).toEqual([
      [24, 32, 4],
      [12, 16, 8],
      [6, 8, 16],
      [3, 4, 32],
      [2, 2, 64],
    ])
    expect(rpnKind.residentBytes!(rpn)).toBe(4 * 15 * (24 * 32 + 12 * 16 + 6 * 8 + 3 * 4 + 2 * 2))
    const { proposals } = await runNode(
      ensembleRpn,
      { rpn: [rpn] },
      { top_per_level: 400, iou: 0.7, score: 0, max: 300, min_side: 0.001 },
    )
    const { run: other } = await spiedRun(['proposals'])
    expect(proposals).toEqual((await runNode(detectPropose, { images: scene }, params, other))['proposals'])
    await run.close()
    await other.close()
  })

  it('gives features that know their view and their bytes and release them', async () => {
    const { run, released } = await spiedRun(['features'])
    const { features } = (await runNode(detectPropose, { images: scene }, { ...params, flip: 'vertical' }, run)) as {
      features: ModelFeatures
    }
    expect(features.view).toEqual({ frameHw: [240, 320], resizedHw: [96, 128], flip: 'vertical' })
    expect(featuresKind.residentBytes!(features)).toBe(4 * 48 * (24 * 32 + 12 * 16 + 6 * 8 + 3 * 4))
    featuresKind.release!(features)
    expect(released).toEqual([features.maps])
    await run.close()
  })

  it("uses the model's own sizes when no scale is given", async () => {
    const run = await inferenceRun({ wanted: ['features'] })
    const { features } = (await runNode(
      detectPropose,
      { images: scene },
      { model: params.model, flip: 'none' },
      run,
    )) as {
      features: ModelFeatures
    }
    expect(features.view.resizedHw).toEqual([240, 320])
    await run.close()
  })

  it('knows the classes before it runs', async () => {
    const check = testCheck({ readFile: readFileSync })
    const types = await detectPropose.types!(params as never, check.context)
    expect(types['features']).toMatchObject({ class_boxes: 'per-class', mask_size_px: 28 })
    expect(check.problems).toEqual([])
  })
})

/** The scene, mirrored in a file of its own without loss. */
async function mirroredScene(flip: 'horizontal' | 'vertical' | 'rotate-180') {
  const { context } = await inferenceRun()
  const { rgb, widthPx, heightPx } = await readRgb(scene, context)
  const pixels = sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
  if (flip !== 'vertical') pixels.flop()
  if (flip !== 'horizontal') pixels.flip()
  const bytes = await pixels.png().toBuffer()
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-mirror-')), 'mirrored.png')
  writeFileSync(path, bytes)
  return { ref: { ...scene, sha256: sha256(bytes), format: 'png' }, path }
}

/** Proposals, boxes and masks that one view of P1 gives on ten of its own proposals. */
async function oneView(run: TestRun, image: ImageRef, flip: string, regions?: Float64Array) {
  const outputs = await runNode(detectPropose, { images: image }, { ...params, scale: 200, flip }, run)
  const { features, proposals } = outputs as { features: ModelFeatures; proposals: Proposals }
  const ten = {
    frameHw: proposals.frameHw,
    boxesXyxy: regions ?? proposals.boxesXyxy.slice(0, 40),
    scores: proposals.scores.slice(0, 10),
  }
  const { boxes } = (await runNode(detectBoxes, { features, proposals: ten }, {}, run)) as { boxes: ProposalBoxes }
  const detections = { ...ten, labels: Int32Array.from({ length: 10 }, (_, i) => i % 3) }
  const { masks } = (await runNode(detectMasks, { features, detections }, {}, run)) as { masks: RoiMasks }
  features.release()
  return { proposals, boxes, masks, regions: ten.boxesXyxy }
}

describe('mirrored views', () => {
  it.each(['horizontal', 'vertical', 'rotate-180'] as const)(
    'see in a %s mirror what a mirrored picture shows',
    async flip => {
      const { ref, path } = await mirroredScene(flip)
      const run = await inferenceRun({ wanted: ['features', 'proposals'] })
      const direct = { ...run, context: { ...run.context, sourcePath: () => path } }
      const there = await oneView(direct, ref, 'none')
      const here = await oneView(run, scene, flip, flipBoxes(there.regions.slice(), flip, [240, 320]))
      expect(here.proposals.scores).toEqual(there.proposals.scores)
      const mirrored = flipBoxes(there.proposals.boxesXyxy.slice(), flip, [240, 320])
      expect(largestDifference(here.proposals.boxesXyxy, mirrored)).toBeLessThan(1e-9)
      expect(largestDifference(here.boxes.probabilities, there.boxes.probabilities)).toBeLessThan(1e-4)
      const boxes = flipBoxes(there.boxes.boxesXyxy.slice(), flip, [240, 320])
      expect(largestDifference(here.boxes.boxesXyxy, boxes)).toBeLessThan(1e-2)
      const cell = (i: number, row: number, column: number) => there.masks.probabilities[(i * 28 + row) * 28 + column]!
      const masks = Float32Array.from(here.masks.probabilities, (_, at) => {
        const [i, row, column] = [Math.floor(at / 784), Math.floor(at / 28) % 28, at % 28]
        return cell(i, flip === 'horizontal' ? row : 27 - row, flip === 'vertical' ? column : 27 - column)
      })
      expect(largestDifference(here.masks.probabilities, masks)).toBeLessThan(1e-3)
      await run.close()
      rmSync(dirname(path), { recursive: true })
    },
  )

  it('map regions into the view and mirror them there', () => {
    const view = { frameHw: [100, 200] as const, resizedHw: [50, 100] as const, flip: 'horizontal' as const }
    const { dims, data } = roisInView(new Float64Array([0, 10, 40, 30]), view)
    expect(dims).toEqual([1, 4])
    expect([...data]).toEqual([80, 5, 100, 15])
    expect([...roisInView(new Float64Array([0, 10, 40, 30]), { ...view, flip: 'vertical' }).data]).toEqual([
      0, 35, 20, 45,
    ])
    expect([...roisInView(new Float64Array([0, 10, 40, 30]), { ...view, flip: 'rotate-180' }).data]).toEqual([
      80, 35, 100, 45,
    ])
  })

  it('move regions along mirrored axes only, clipped to the view', () => {
    const box = new Float64Array([0, 10, 40, 50])
    const shifted = (flip: View['flip']) => [
      ...roisInView(box, { frameHw: [50, 40], resizedHw: [50, 40], flip }, 0.5).data,
    ]
    expect(shifted('none')).toEqual([0, 10, 40, 50])
    expect(shifted('horizontal')).toEqual([0, 10, 39.5, 50])
    expect(shifted('vertical')).toEqual([0, 0, 40, 39.5])
    expect(shifted('rotate-180')).toEqual([0, 0, 39.5, 39.5])
  })
})

describe('heads without work', () => {
  it('run no graph for no proposals and no detections', async () => {
    const { run, requests } = await spiedRun(['features'])
    const { features } = (await runNode(detectPropose, { images: scene }, params, run)) as { features: ModelFeatures }
    const { boxes } = await runNode(detectBoxes, { features, proposals: noProposals }, {}, run)
    expect(boxes).toMatchObject({ classCount: 3, boxesPerProposal: 3, probabilities: new Float32Array(0) })
    const detections = { ...noProposals, labels: new Int32Array(0) }
    const { masks } = await runNode(detectMasks, { features, detections }, {}, run)
    expect(masks).toEqual({ sizePx: 28, probabilities: new Float32Array(0) })
    expect(requests).toHaveLength(1)
    await run.close()
  })
})

describe('static types of the heads', () => {
  const classes = [{ id: 'a', name: 'A' }]
  const features = { classes, class_boxes: 'per-class', mask_size_px: 28 }

  it('come from the features', async () => {
    const check = testCheck({ inputs: { features: [features], detections: [{ classes }] } })
    expect(await detectBoxes.types!({} as never, check.context)).toEqual({
      boxes: { classes, class_boxes: 'per-class' },
    })
    expect(await detectMasks.types!({} as never, check.context)).toEqual({ masks: { classes, mask_size_px: 28 } })
    expect(check.problems).toEqual([])
  })

  it('report detections of other classes and a model without masks', async () => {
    const other = testCheck({ inputs: { features: [features], detections: [{ classes: [{ id: 'b', name: 'B' }] }] } })
    await detectMasks.types!({} as never, other.context)
    expect(other.problems).toMatchObject([
      { input: 'detections', message: expect.stringContaining('1 class (A) against 1 class (B)') },
    ])
    const maskless = testCheck({ inputs: { features: [{ classes, class_boxes: 'shared' }] } })
    await detectMasks.types!({} as never, maskless.context)
    expect(maskless.problems).toMatchObject([
      { input: 'features', message: 'the model with 1 class (A) has no mask head' },
    ])
  })
})
