import { describe, expect, it } from 'vitest'
import { imagesFillBoxes } from '../../nodes/images/fill-boxes.ts'
import { imagesLimit } from '../../nodes/images/limit.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import { type ImageRef, imageKind } from '../../nodes/values/image.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode } from '../helpers/run-context.ts'
import { inferenceRun, scene } from '../helpers/scene.ts'

const detections = (...boxes: number[]): Detections => ({
  frameHw: [240, 320],
  boxesXyxy: Float64Array.from(boxes),
  scores: new Float64Array(boxes.length / 4),
  labels: new Int32Array(boxes.length / 4),
})

async function pixels(image: ImageRef) {
  const run = await inferenceRun()
  const read = await readRgb(imageKind.decode(imageKind.encode(image) as Uint8Array), run.context)
  await run.close()
  return read
}

describe('images/fill-boxes', () => {
  it('paints whole pixels, cut towards zero, and nothing else', async () => {
    const boxes = detections(10.9, 20.2, 13.9, 22.99, 318, 238, 330, 300)
    const outputs = await runNode(imagesFillBoxes, { image: scene, boxes }, { rgb: [128, 128, 128] })
    const { rgb } = await pixels(outputs['image'] as ImageRef)
    const before = (await pixels(scene)).rgb
    for (let y = 0; y < 240; y++) {
      for (let x = 0; x < 320; x++) {
        const painted = (x >= 10 && x < 13 && y >= 20 && y < 22) || (x >= 318 && y >= 238)
        const at = 3 * (320 * y + x)
        const expected = painted ? [128, 128, 128] : [...before.subarray(at, at + 3)]
        if (rgb[at] !== expected[0] || rgb[at + 1] !== expected[1] || rgb[at + 2] !== expected[2]) {
          expect([x, y, ...rgb.subarray(at, at + 3)]).toEqual([x, y, ...expected])
        }
      }
    }
  })

  it('leaves a picture without boxes as it is, and takes instances too', async () => {
    const rgb = [1, 2, 3]
    expect((await runNode(imagesFillBoxes, { image: scene, boxes: detections() }, { rgb }))['image']).toEqual(scene)
    const boxes = boxInstances([240, 320], [{ box: [0, 0, 2, 2] }])
    const { image } = await runNode(imagesFillBoxes, { image: scene, boxes }, { rgb })
    expect([...(await pixels(image as ImageRef)).rgb.subarray(0, 6)]).toEqual([1, 2, 3, 1, 2, 3])
  })

  it('refuses boxes of another frame', async () => {
    const boxes = { ...detections(), frameHw: [100, 50] as const }
    await expect(async () => runNode(imagesFillBoxes, { image: scene, boxes }, { rgb: [0, 0, 0] })).rejects.toThrow(
      'the boxes live in a 50 × 100 frame, the picture is 320 × 240',
    )
  })
})

describe('images/limit', () => {
  it('makes large pictures smaller and leaves small ones alone', async () => {
    const limited = async (widthPx: number, heightPx: number) => {
      const image = { ...scene, widthPx, heightPx }
      const { image: small } = (await runNode(imagesLimit, { image }, { longer_side_px: 1024 })) as { image: ImageRef }
      return [small.widthPx, small.heightPx, small.edits?.length ?? 0]
    }
    expect(await limited(1600, 1200)).toEqual([1024, 768, 1])
    expect(await limited(1199, 1600)).toEqual([767, 1024, 1])
    expect(await limited(1024, 1024)).toEqual([1024, 1024, 0])
    expect(await limited(1500, 1500)).toEqual([1024, 1024, 1])
    const { image } = await runNode(imagesLimit, { image: scene }, { longer_side_px: 160 })
    expect(await pixels(image as ImageRef)).toMatchObject({ widthPx: 160, heightPx: 120 })
  })
})
