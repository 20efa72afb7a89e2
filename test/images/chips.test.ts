import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { imagesChips } from '../../nodes/images/chips.ts'
import { imagesTiles, tileStarts } from '../../nodes/images/tiles.ts'
import { imagesToFile } from '../../nodes/images/to-file.ts'
import { cropMasks } from '../../nodes/kernels/mask-crop.ts'
import { rasterizePolygon } from '../../nodes/kernels/rasterize-polygon.ts'
import { resizeCv2 } from '../../nodes/kernels/resize-cv2.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { semanticStitch } from '../../nodes/semantic/stitch.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { cropImage, resizeImage } from '../../nodes/values/image-edits.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import type { Semantic } from '../../nodes/values/semantic.ts'
import { cityPath } from '../helpers/city-scene.ts'
import { classesOf, collectionOf, scatter } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const path = cityPath('scenes', 'e1.tif')
const image: ImageRef = {
  ...{ sha256: sha256(readFileSync(path)), widthPx: 224, heightPx: 160, channels: 3, bitDepth: 8, format: 'geotiff' },
  georeference: { crs: 'EPSG:32631', affine: [0.5, 0, 421000, 0, -0.5, 630000] },
}
const context = () => testRun({ sources: { [image.sha256]: path } }).context

const typed = () => testRun({ inputTypes: { instances: [classesOf('building')] } })

describe('images/chips', () => {
  const instances = boxInstances(
    [160, 224],
    [{ box: [10, 10, 40, 30] }, { box: [30, 20, 60, 50] }, { box: [200, 150, 224, 160] }],
  )
  const chips = (params: object) =>
    scatter(imagesChips, { image, instances }, withDefaults(imagesChips, params), typed()) as Promise<
      { id: string; outputs: { images: ImageRef; instances: Instances } }[]
    >

  it('cuts around every instance at every scale, with all that reach in', async () => {
    const found = await chips({ pad_px: 8, scales: [1, 2, 0.5] })
    expect(found.map(({ id }) => id)).toEqual(['1_0', '1_1', '1_2', '2_0', '2_1', '2_2', '0_5_0', '0_5_1', '0_5_2'])
    const sizes = found.map(({ outputs }) => [outputs.images.widthPx, outputs.images.heightPx])
    expect(sizes.slice(0, 3)).toEqual([
      [46, 36],
      [46, 46],
      [32, 18],
    ])
    expect(sizes[3]).toEqual([23, 18])
    expect(sizes[6]).toEqual([92, 72])
    // The first chip is x 2 … 48, y 2 … 38: the second instance reaches in.
    expect([...maskAreas(found[0]!.outputs.instances.masks)]).toEqual([600, 18 * 18])
    expect([...found[0]!.outputs.instances.boxesXyxy]).toEqual([8, 8, 38, 28, 28, 18, 46, 36])
    expect([...maskAreas(found[3]!.outputs.instances.masks)]).toEqual([150, 81])
    expect([...maskAreas(found[2]!.outputs.instances.masks)]).toEqual([240])
  })

  it('makes pictures that are windows of the scene, bilinear as cv2 where they are scaled', async () => {
    const [plain, half] = await chips({ pad_px: 8, scales: [1, 2], max_per_image: 1 })
    const whole = (await readRgb(image, context())).rgb
    const rows = Array.from({ length: 36 }, (_, y) => whole.subarray(3 * ((y + 2) * 224 + 2), 3 * ((y + 2) * 224 + 48)))
    const expected = Uint8Array.from(rows.flatMap(row => [...row]))
    expect((await readRgb(plain!.outputs.images, context())).rgb).toEqual(expected)
    expect((await readRgb(half!.outputs.images, context())).rgb).toEqual(resizeCv2(expected, 3, [36, 46], [18, 23]))
    expect(half!.outputs.images.georeference!.affine).toEqual([1, 0, 421001, 0, -1, 629999])
    const { file } = (await runNode(imagesToFile, { image: plain!.outputs.images }, withDefaults(imagesToFile, {}), {
      sources: { [image.sha256]: path },
    })) as { file: Uint8Array }
    expect(new Uint8Array(await sharp(file).raw().toBuffer())).toEqual(expected)
  })

  it('refuses instances of another frame', async () => {
    const other = { image: cropImage(image, { x: 0, y: 0, widthPx: 9, heightPx: 9 }), instances }
    await expect(scatter(imagesChips, other, withDefaults(imagesChips, {}), typed())).rejects.toThrow(
      'in a frame of 160 × 224, the image has 9 × 9',
    )
  })
})

describe('cropMasks', () => {
  it('is what cutting the pixels gives', () => {
    const polygon = fc.array(fc.double({ min: -3, max: 15, noNaN: true }), { minLength: 6, maxLength: 12 })
    const window = fc.record({
      x: fc.nat(8),
      y: fc.nat(6),
      widthPx: fc.integer({ min: 1, max: 4 }),
      heightPx: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(polygon, window, (xy, cut) => {
        const mask = rasterizePolygon([xy.slice(0, xy.length & ~1)], [10, 12], true)
        const moved = rasterizePolygon([xy.slice(0, xy.length & ~1)], [10, 12], true)
        const dense = new Uint8Array(120)
        for (const [run, start] of moved.starts.entries()) dense.fill(1, start, moved.ends[run]!)
        const cropped = cropMasks(mask, cut)
        const found = new Uint8Array(cut.widthPx * cut.heightPx)
        for (const [run, start] of cropped.starts.entries()) found.fill(1, start, cropped.ends[run]!)
        for (let x = 0; x < cut.widthPx; x++)
          for (let y = 0; y < cut.heightPx; y++)
            expect(found[x * cut.heightPx + y]).toBe(dense[(cut.x + x) * 10 + cut.y + y])
      }),
    )
  })
})

describe('images/tiles and semantic/stitch', () => {
  const tilesOf = async (params: object) =>
    (await scatter(imagesTiles, { image }, withDefaults(imagesTiles, params), testRun())) as {
      id: string
      outputs: { images: ImageRef }
    }[]

  it('covers every pixel, ends with the image and keeps the overlap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 2, max: 90 }),
        fc.nat(88),
        (length, tile, overlap) => {
          fc.pre(overlap < tile)
          const starts = tileStarts(length, tile, overlap)
          expect(starts[0]).toBe(0)
          expect(starts.at(-1)).toBe(Math.max(0, length - tile))
          for (const [i, start] of starts.slice(1).entries()) {
            expect(start - starts[i]!).toBeGreaterThan(0)
            expect(start - starts[i]!).toBeLessThanOrEqual(tile - overlap)
          }
        },
      ),
    )
    const check = testCheck()
    void imagesTiles.types!({ size_px: [64, 64], overlap_px: 64 } as never, check.context)
    expect(check.problems[0]!.message).toBe('64 px of overlap leave nothing of a tile of 64 × 64')
  })

  it.each(['ramp', 'mean'])('puts the maps of tiles together to the map they were cut from: %s', async blend => {
    const tiles = await tilesOf({ size_px: [64, 96], overlap_px: 16 })
    expect(tiles.map(({ id }) => id).slice(0, 4)).toEqual(['r0000c0000', 'r0000c0001', 'r0000c0002', 'r0001c0000'])
    const whole = Float32Array.from({ length: 160 * 224 }, (_, i) => ((i * 7919) % 1000) / 1000)
    const maps = tiles.map(({ id, outputs }): [string, Semantic] => {
      const cut = outputs.images.edits![0] as { x: number; y: number }
      const values = Float32Array.from(
        { length: 64 * 96 },
        (_, i) => whole[(cut.y + Math.floor(i / 96)) * 224 + cut.x + (i % 96)]!,
      )
      return [
        id,
        { frameHw: [64, 96], maps: { bce: { sizeHw: [64, 96], values } }, vectors: { image: Float32Array.of(1) } },
      ]
    })
    const stitch = (params: object, images = image) =>
      runNode(
        semanticStitch,
        {
          maps: collectionOf(Object.fromEntries(maps)),
          tiles: collectionOf(Object.fromEntries(tiles.map(({ id, outputs }) => [id, outputs.images]))),
          image: images,
        },
        withDefaults(semanticStitch, { blend, ...params }),
      )
    const stitched = (await stitch({}))['maps'] as Semantic
    expect(stitched.vectors).toEqual({})
    expect(stitched.maps['bce']!.sizeHw).toEqual([160, 224])
    const values = stitched.maps['bce']!.values as Float32Array
    for (let i = 0; i < whole.length; i++) expect(Math.abs(values[i]! - whole[i]!)).toBeLessThan(1e-6)
    await expect(stitch({ max_megapixels: 0.01 })).rejects.toThrow('160 × 224 pixels, more than 0.01 megapixels')
    await expect(stitch({}, resizeImage(image, [80, 112]))).rejects.toThrow(
      'the tile r0000c0000 is no window of the image',
    )
  })

  it('makes one tile of a small image, which is the image', async () => {
    const [only, ...others] = await tilesOf({ size_px: [500, 500] })
    expect(others).toEqual([])
    expect(only!.outputs.images).toEqual(image)
  })
})
