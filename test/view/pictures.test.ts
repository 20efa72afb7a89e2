import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { maskAreas, maskBoxesXyxy } from '../../nodes/kernels/rle.ts'
import { viewContactSheet } from '../../nodes/view/contact-sheet.ts'
import { viewOverlay } from '../../nodes/view/overlay.ts'
import { classColor } from '../../nodes/view/palette.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { demoImages } from '../helpers/demo-images.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

async function decode(
  file: unknown,
): Promise<{ width: number; height: number; at: (x: number, y: number) => number[] }> {
  const { data, info } = await sharp(file as Uint8Array)
    .raw()
    .toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)]
  return { width: info.width, height: info.height, at }
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, channel) => Math.abs(value - b[channel]!)))
}

describe('the pictures of the demo truth', async () => {
  const { file, types, instances } = await demoTruth()
  const { refs, sources } = await demoImages(file)
  const overlayDefaults = { min_score: 0.3, max_instances: 50, quality: 95 }
  const [id] = Object.keys(instances)

  it('view/overlay enlarges small pictures and paints a class in its colour', async () => {
    const run = typedRun({ instances: [types] }, { sources })
    const inputs = { image: refs[id!], instances: instances[id!] }
    const drawn = await decode((await runNode(viewOverlay, inputs, overlayDefaults, run))['file'])
    expect([drawn.width, drawn.height]).toEqual([640, 480])
    const plain = await decode(
      await sharp(sources[refs[id!]!.sha256]).resize(640, 480, { kernel: 'cubic' }).png().toBuffer(),
    )
    const { masks, labels } = instances[id!]!
    const [largest] = [...maskAreas(masks).entries()].sort((a, b) => b[1] - a[1])[0]!
    const [x1, y1, x2, y2] = maskBoxesXyxy(masks).slice(4 * largest, 4 * largest + 4)
    const x = Math.round(x1! + x2!)
    const y = Math.round(y1! + y2!)
    const color = classColor(labels[largest]!)
    const mixed = plain.at(x, y).map((value, channel) => value * 0.55 + color[channel]! * 0.45)
    expect(distance(drawn.at(x, y), mixed)).toBeLessThan(40)
    expect(distance(plain.at(x, y), mixed)).toBeGreaterThan(10)
  })

  it('view/overlay draws at the side asked for', async () => {
    const run = typedRun({ instances: [types] }, { sources })
    const inputs = { image: refs[id!], instances: instances[id!] }
    const drawn = await decode(
      (await runNode(viewOverlay, inputs, { ...overlayDefaults, longer_side_px: 160 }, run))['file'],
    )
    expect([drawn.width, drawn.height]).toEqual([160, 120])
  })

  const sheetDefaults = { items: 3, tile_px: 160, min_score: 0.3, max_instances: 30, quality: 88 }

  it('view/contact-sheet lays out a column for each source and a row for each of the first items', async () => {
    const run = typedRun({ instances: [types, classesOf('other')] }, { sources })
    const empty = Object.fromEntries(
      Object.entries(instances).map(([key, value]) => [
        key,
        {
          ...value,
          boxesXyxy: new Float64Array(0),
          scores: new Float64Array(0),
          labels: new Int32Array(0),
          masks: { ...value.masks, starts: new Uint32Array(0), ends: new Uint32Array(0), offsets: new Uint32Array(1) },
        },
      ]),
    )
    const inputs = { images: collectionOf(refs), instances: [collectionOf(instances), collectionOf(empty)] }
    const params = { ...sheetDefaults, captions: ['truth', 'a caption much longer than its column is wide'] }
    const { file: jpeg } = await runNode(viewContactSheet, inputs, params, run)
    const sheet = await decode(jpeg)
    const tileHeights = file.images
      .slice(0, 3)
      .map(({ width, height }) => Math.round((160 / Math.max(width, height)) * height))
    expect(sheet.width).toBe(8 + 2 * 168)
    expect(sheet.height).toBe(8 + 16 + tileHeights.reduce((sum, height) => sum + 8 + 4 + height + 8, 0))
    expect(run.notes).toEqual([`contact sheet of 3 items × 2 sources, ${(jpeg as Uint8Array).byteLength} bytes`])
  })

  it('view/contact-sheet names the source that lacks an item', async () => {
    const run = typedRun({ instances: [types] }, { sources })
    const inputs = { images: collectionOf(refs), instances: [collectionOf({ [id!]: instances[id!] })] }
    await expect(runNode(viewContactSheet, inputs, { ...sheetDefaults, captions: ['truth'] }, run)).rejects.toThrow(
      'is missing at input instances (truth)',
    )
  })

  it('view/contact-sheet wants a caption for each source', async () => {
    const check = testCheck({ inputs: { instances: [types, types], images: [{}] } })
    await viewContactSheet.types!({ captions: ['one'] } as never, check.context)
    expect(check.problems).toMatchObject([
      { param: 'captions', message: '1 captions for 2 sources at the input instances' },
    ])
  })
})
