import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { detectBoxes } from '../../nodes/detect/boxes.ts'
import { detectMasks } from '../../nodes/detect/masks.ts'
import { detectPropose } from '../../nodes/detect/propose.ts'
import { ensembleMasks } from '../../nodes/ensemble/masks.ts'
import { pasteMasks } from '../../nodes/kernels/paste.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Proposals } from '../../nodes/values/proposals.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import type { RoiMasks } from '../../nodes/values/roi-masks.ts'
import { runNode, type TestRun } from '../helpers/run-context.ts'
import { demoModel, inferenceRun, largestDifference, scene } from '../helpers/scene.ts'

const model = demoModel('P1')
const square = { square: 320, how: 'letterbox' }

/** The scene, 320 × 240, in the middle of a black picture of 320 × 320. */
async function blackened(run: TestRun): Promise<{ image: ImageRef; path: string }> {
  const { rgb } = await readRgb(scene, run.context)
  const bytes = await sharp(rgb, { raw: { width: 320, height: 240, channels: 3 } })
    .extend({ top: 40, bottom: 40, background: 'black' })
    .png()
    .toBuffer()
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-letterbox-')), 'black.png')
  writeFileSync(path, bytes)
  return { image: { ...scene, heightPx: 320, format: 'png', sha256: sha256(bytes) }, path }
}

async function views() {
  const plain = await inferenceRun({ wanted: ['features', 'proposals'] })
  const { image, path } = await blackened(plain)
  const boxed = await runNode(detectPropose, { images: scene }, { model, scale: square, flip: 'none' }, plain)
  const run = await inferenceRun({
    wanted: ['features', 'proposals'],
    sources: { [image.sha256]: path },
  })
  const padded = await runNode(detectPropose, { images: image }, { model, scale: 'native', flip: 'none' }, run)
  return {
    plain,
    run,
    boxed: boxed as { features: unknown; proposals: Proposals },
    padded: padded as { features: unknown; proposals: Proposals },
    close: async () => {
      await plain.close()
      await run.close()
      rmSync(join(path, '..'), { recursive: true })
    },
  }
}

describe('a letterboxed view', () => {
  it('is the padded picture to every stage, its boxes cut to the image and its masks in it', async () => {
    const { plain, run, boxed, padded, close } = await views()
    // Proposals: those of the padded picture, moved and cut.
    const cut = (value: number) => Math.min(Math.max(value - 40, 0), 240)
    const expected = Array.from(padded.proposals.scores.keys()).flatMap(i => {
      const [x1, y1, x2, y2] = padded.proposals.boxesXyxy.subarray(4 * i, 4 * i + 4) as never as number[]
      return cut(y2!) > cut(y1!) ? [{ score: padded.proposals.scores[i]!, box: [x1!, cut(y1!), x2!, cut(y2!)] }] : []
    })
    expect(boxed.proposals.frameHw).toEqual([240, 320])
    expect([...boxed.proposals.scores]).toEqual(expected.map(({ score }) => score))
    expect(
      largestDifference(
        boxed.proposals.boxesXyxy,
        expected.flatMap(({ box }) => box),
      ),
    ).toBeLessThan(1e-9)

    // Heads: the same regions in both frames give the same classes and masks.
    const regions = Float64Array.of(30, 20, 120, 200, 150, 60, 300, 230)
    const below = regions.map((value, i) => (i % 2 === 1 ? value + 40 : value))
    const scores = Float64Array.of(0.9, 0.8)
    const heads = async (features: unknown, boxesXyxy: Float64Array, frameHw: number[], context: TestRun) => {
      const proposals = { frameHw, boxesXyxy, scores }
      const detections = { ...proposals, labels: Int32Array.of(0, 2) }
      const { boxes } = await runNode(detectBoxes, { features, proposals }, { roi_shift: 0 }, context)
      const { masks } = await runNode(detectMasks, { features, detections }, { roi_shift: 0 }, context)
      return { boxes: boxes as ProposalBoxes, masks: masks as RoiMasks, detections }
    }
    const ours = await heads(boxed.features, regions, [240, 320], plain)
    const theirs = await heads(padded.features, below, [320, 320], run)
    expect(largestDifference(ours.boxes.probabilities, theirs.boxes.probabilities)).toBeLessThan(1e-5)
    expect(largestDifference(ours.masks.probabilities, theirs.masks.probabilities)).toBeLessThan(1e-5)
    const moved = theirs.boxes.boxesXyxy.map((value, i) => (i % 2 === 1 ? cut(value) : value))
    expect(largestDifference(ours.boxes.boxesXyxy, moved)).toBeLessThan(1e-3)

    // Masks: pasted into the square by the published rule, whose boxes count their last pixel.
    const paste = { threshold: 0.5, paste: 'letterbox', square_px: 320, quantise: 'none' }
    const inputs = { masks: [ours.masks], detections: ours.detections }
    const { instances } = (await runNode(ensembleMasks, inputs, paste)) as { instances: Instances }
    const inclusive = below.map((value, i) => (i % 4 < 2 ? value : value - 1))
    const options = { convention: 'letterbox', threshold: 0.5, squarePx: 320 } as const
    expect(instances.masks).toEqual(pasteMasks(ours.masks.probabilities, 28, inclusive, [240, 320], options))
    expect(instances.masks.starts.length).toBeGreaterThan(0)
    await close()
  }, 30_000)
})
