import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeArrayBuffer } from 'geotiff'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { imagesGeotiff } from '../../nodes/images/geotiff.ts'
import { imagesStretch } from '../../nodes/images/stretch.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { chooseBands, cropImage } from '../../nodes/values/image-edits.ts'
import { readGeotiffHeader, readGeotiffWindow } from '../../nodes/values/read-geotiff.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import type { Table } from '../../nodes/values/table.ts'
import { cityPath } from '../helpers/city-scene.ts'
import { runNode, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

interface GoldenRaster {
  readonly crs: string
  readonly affine: readonly number[]
  readonly window: readonly number[]
  readonly percentiles: readonly number[]
}
const golden = JSON.parse(readFileSync(new URL('../golden/geo/golden.json', import.meta.url), 'utf8')) as {
  readonly rasters: { readonly [name: string]: GoldenRaster }
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-geotiff-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A raster of the demo, or of bytes, as the node reads it, with a context that finds it. */
async function raster(source: string | Uint8Array, params: object = {}) {
  const path = typeof source === 'string' ? cityPath(...source.split('/')) : join(folder, sha256(source))
  if (typeof source !== 'string') writeFileSync(path, source)
  const bytes = readFileSync(path)
  const file = { path, sha256: sha256(bytes), sizeBytes: bytes.length }
  const { context } = testRun({ sources: { [file.sha256]: path } })
  const full = withDefaults(imagesGeotiff, { path: { path: folder, sha256: file.sha256 }, ...params })
  const { images } = (await runNode(imagesGeotiff, { file }, full)) as { images: ImageRef }
  return { images, path, context }
}

const bytesOf = (values: number[] | Uint16Array | Float32Array, metadata: object) =>
  new Uint8Array(writeArrayBuffer(values as never, metadata as never))
const place = { ModelPixelScale: [0.5, 0.5, 0], ModelTiepoint: [0, 0, 0, 100, 200, 0], ProjectedCSTypeGeoKey: 32631 }

describe('images/geotiff', () => {
  it.each(Object.entries(golden.rasters))('reads %s as rasterio does', async (name, expected) => {
    const { images, path } = await raster(name)
    expect(images.georeference).toEqual({ crs: expected.crs, affine: expected.affine })
    const bands = Array.from({ length: images.channels }, (_, band) => band)
    const samples = await readGeotiffWindow(path, { x: 61, y: 58, widthPx: 9, heightPx: 5 }, bands)
    expect([...samples]).toEqual(expected.window)
  })

  it('shows windows and chosen bands, without reading the rest', async () => {
    const { images, context } = await raster('scenes/e1.tif')
    const { window } = golden.rasters['scenes/e1.tif']!
    const chip = cropImage(images, { x: 61, y: 58, widthPx: 9, heightPx: 5 })
    expect([...(await readRgb(chip, context)).rgb]).toEqual(window)
    const turned = cropImage(chooseBands(images, [2, 1, 0]), { x: 61, y: 58, widthPx: 9, heightPx: 5 })
    const reversed = window.map((_, i) => window[i - (i % 3) + 2 - (i % 3)]!)
    expect([...(await readRgb(turned, context)).rgb]).toEqual(reversed)
  })

  it('shows the upper 8 of 16 bits, and refuses signed and float samples until they are stretched', async () => {
    const { images, context } = await raster('rasters/n1.tif', { bands: [3, 2, 1] })
    const chip = cropImage(images, { x: 61, y: 58, widthPx: 9, heightPx: 5 })
    const { window } = golden.rasters['rasters/n1.tif']!
    const expected = Array.from({ length: 45 }, (_, i) => [2, 1, 0].map(band => window[4 * i + band]! >> 8)).flat()
    expect([...(await readRgb(chip, context)).rgb]).toEqual(expected)
    const float = await raster(
      bytesOf(Float32Array.of(0, 0.25, 0.5, 1), {
        height: 2,
        width: 2,
        BitsPerSample: [32],
        SampleFormat: [3],
        ...place,
      }),
    )
    expect(float.images.bitDepth).toBe(32)
    await expect(readRgb(float.images, float.context)).rejects.toThrow('no whole numbers of 8 or 16 bits')
    const params = withDefaults(imagesStretch, { low: 0, high: 100 })
    const stretched = await runNode(imagesStretch, { image: float.images }, params, {
      sources: { [float.images.sha256]: float.path },
    })
    const { rgb } = await readRgb(stretched['image'] as ImageRef, float.context)
    expect([...rgb].filter((_, i) => i % 3 === 0)).toEqual([0, 63, 127, 255])
  })

  it('takes rotation from the matrix and moves points by half a pixel', async () => {
    const values = [1, 2, 3, 4]
    const matrix = [0.5, 0.1, 0, 100, 0.2, -0.5, 0, 200, 0, 0, 0, 0, 0, 0, 0, 1]
    const rotated = bytesOf(values, { height: 2, width: 2, ModelTransformation: matrix, GeographicTypeGeoKey: 4326 })
    expect((await raster(rotated)).images.georeference).toEqual({
      crs: 'EPSG:4326',
      affine: [0.5, 0.1, 100, 0.2, -0.5, 200],
    })
    const points = bytesOf(values, { height: 2, width: 2, ...place, GTRasterTypeGeoKey: 2 })
    expect((await raster(points)).images.georeference!.affine).toEqual([0.5, 0, 99.75, 0, -0.5, 200.25])
  })

  it('refuses a raster that does not say where it lies, unless its place is not needed', async () => {
    const plain = bytesOf([1, 2, 3, 4], { height: 2, width: 2, ModelTiepoint: [], ModelPixelScale: [] })
    const bare = stripPlace(plain)
    await expect(raster(bare)).rejects.toThrow(/does not say where on the earth it lies/)
    const { images } = await raster(bare, { georeference: 'optional' })
    expect(images.georeference).toBeUndefined()
    await expect(raster('scenes/e1.tif', { bands: [1, 2, 9] })).rejects.toThrow(
      'has 3 channels, bands asks for 1, 2, 9',
    )
  })

  it('notices that a file was changed, also after it was read once', async () => {
    const own = bytesOf([1, 2, 3, 4], { height: 2, width: 2, ...place })
    const { images, path, context } = await raster(own)
    await readRgb(images, context)
    writeFileSync(path, bytesOf([9, 2, 3, 4], { height: 2, width: 2, ...place, ImageDescription: 'x' }))
    await expect(readRgb(images, context)).rejects.toMatchObject({ diagnostic: { code: 'input-changed' } })
  })
})

/** Renames the georeferencing tags of a little TIFF that the writer always writes. */
function stripPlace(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const view = new DataView(copy.buffer)
  const little = view.getUint16(0) === 0x4949
  const at = view.getUint32(4, little)
  for (let i = 0; i < view.getUint16(at, little); i++) {
    const entry = at + 2 + 12 * i
    const tag = view.getUint16(entry, little)
    if ([33550, 33922, 34264].includes(tag)) view.setUint16(entry, 65000 + i, little)
  }
  return copy
}

describe('images/stretch', () => {
  it('spreads between the percentiles that numpy finds', async () => {
    const { images, path } = await raster('rasters/n1.tif')
    const sources = { sources: { [images.sha256]: path } }
    const found = await runNode(imagesStretch, { image: images }, withDefaults(imagesStretch, {}), sources)
    const [low, , high] = golden.rasters['rasters/n1.tif']!.percentiles
    expect((found['table'] as Table).rows).toEqual(['red', 'green', 'blue'].map(name => [name, low, high]))
    const { rgb } = await readRgb(found['image'] as ImageRef, testRun(sources).context)
    expect(rgb.length).toBe(3 * 224 * 160)
    expect([Math.min(...rgb.subarray(0, 9000)), Math.max(...rgb)]).toEqual([expect.any(Number), 255])
  })

  it('takes each channel by itself and leaves no data out when told', async () => {
    const values = Uint16Array.of(0, 0, 10, 20, 0, 100, 40, 200, 1000)
    const three = bytesOf(values, {
      height: 1,
      width: 3,
      SamplesPerPixel: [3],
      BitsPerSample: [16, 16, 16],
      SampleFormat: [1, 1, 1],
      PlanarConfiguration: [1],
      PhotometricInterpretation: [2],
      ...place,
    })
    const { images, path } = await raster(three)
    const run = async (params: object) =>
      (
        (
          await runNode(
            imagesStretch,
            { image: images },
            withDefaults(imagesStretch, { low: 0, high: 100, ...params }),
            {
              sources: { [images.sha256]: path },
            },
          )
        )['table'] as Table
      ).rows
    expect(await run({ channels: 'each' })).toEqual([
      ['red', 0, 40],
      ['green', 0, 200],
      ['blue', 10, 1000],
    ])
    expect((await run({ channels: 'each', ignore: 0 })).map(([, low]) => low)).toEqual([20, 200, 10])
    expect((await run({ ignore: 0 }))[0]).toEqual(['red', 10, 1000])
  })
})

describe('a TIFF that lies', () => {
  const good = () => readFileSync(cityPath('scenes', 'e1.tif'))
  const tagAt = (bytes: Uint8Array, wanted: number) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const at = view.getUint32(4, true)
    for (let i = 0; i < view.getUint16(at, true); i++)
      if (view.getUint16(at + 2 + 12 * i, true) === wanted) return at + 2 + 12 * i
    throw new Error(`no tag ${wanted}`)
  }
  /** The value of a tag replaced, as one LONG. */
  const with_ = (tag: number, value: number) => {
    const bytes = Uint8Array.from(good())
    const view = new DataView(bytes.buffer)
    const entry = tagAt(bytes, tag)
    view.setUint16(entry + 2, 4, true)
    view.setUint32(entry + 4, 1, true)
    view.setUint32(entry + 8, value, true)
    return bytes
  }
  const read = async (bytes: Uint8Array) => {
    const path = join(folder, sha256(bytes))
    writeFileSync(path, bytes)
    const { widthPx, heightPx } = await readGeotiffHeader(path)
    const window = {
      x: Math.max(0, widthPx - 9),
      y: Math.max(0, heightPx - 9),
      widthPx: Math.min(9, widthPx),
      heightPx: Math.min(9, heightPx),
    }
    await readGeotiffWindow(path, window, [0])
  }

  it.each<[string, () => Uint8Array, RegExp]>([
    ['about its size', () => with_(256, 4_000_000_000), /is no TIFF that can be read: /],
    ['about its height and width', () => with_(257, 90_000), /is no TIFF that can be read: /],
    ['about a tile', () => with_(322, 1_000_000_000), /one block of 1000000000 × 64 pixels fills \d+ bytes/],
    ['about its channels', () => with_(277, 60_000), /is no TIFF that can be read: /],
    ['about where its tiles are', () => with_(324, 0xfffffff0), /is no TIFF that can be read: /],
    ['about its compression', () => with_(259, 31337), /is no TIFF that can be read: .*31337/],
    ['by being cut off', () => good().subarray(0, 9000), /is no TIFF that can be read: /],
    ['by being text', () => new TextEncoder().encode('II, said the picture'), /is no TIFF that can be read: /],
    ['by being empty', () => new Uint8Array(0), /is no TIFF that can be read: /],
  ])('%s gives an error that names it, at once and without filling the memory', async (_, bytes, message) => {
    const before = process.memoryUsage().rss
    const error = await read(bytes()).then(
      () => undefined,
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(TaskError)
    expect((error as TaskError).message).toMatch(message)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 ** 2)
  })

  it('anywhere gives an error or pixels, never a crash', async () => {
    const bytes = good()
    for (let i = 0; i < 120; i++) {
      const spoilt = Uint8Array.from(bytes)
      // The directory and its arrays lie in the first kilobytes.
      spoilt[(i * 37) % 1500] = (i * 101) % 256
      await read(spoilt).catch((error: unknown) => expect(error).toBeInstanceOf(TaskError))
    }
  }, 60_000)
})
