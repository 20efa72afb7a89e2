import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotationsGeojson } from '../../nodes/annotations/geojson.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import { submissionGeojson } from '../../nodes/submission/geojson.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { cropImage } from '../../nodes/values/image-edits.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { cityPath } from '../helpers/city-scene.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const golden = JSON.parse(readFileSync(new URL('../golden/geo/golden.json', import.meta.url), 'utf8')) as {
  readonly labels: { readonly [scene: string]: readonly (readonly number[])[] }
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-geojson-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const sceneOf = (number: number, crs = 'EPSG:32631'): ImageRef => ({
  ...{ sha256: 'a'.repeat(64), widthPx: 224, heightPx: 160, channels: 3, bitDepth: 8, format: 'geotiff' },
  georeference: { crs, affine: [0.5, 0, 420000 + 1000 * number, 0, -0.5, 630000] },
})

async function truth(itemId: string, images: ImageRef, params: object = {}, path = cityPath('labels')) {
  const run = testRun({ wanted: ['instances'], itemId })
  const full = withDefaults(annotationsGeojson, { path: { path, sha256: 'b' }, classes: ['building'], ...params })
  const { instances } = (await runNode(annotationsGeojson, { image: images }, full, run)) as { instances: Instances }
  return { instances, notes: run.notes }
}

const written = (document: unknown, name = 'x') => {
  writeFileSync(join(folder, `${name}.geojson`), typeof document === 'string' ? document : JSON.stringify(document))
  return folder
}
const square = (x: number, y: number, side: number) => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
]
const collection = (...features: readonly unknown[]) => ({ type: 'FeatureCollection', features })
const feature = (coordinates: unknown, properties: object = {}, type = 'Polygon') => ({
  type: 'Feature',
  properties,
  geometry: { type, coordinates },
})

/** Starts and lengths row by row, as the golden file has them. */
function rowRuns({ masks }: Instances, index: number): number[] {
  const [height, width] = masks.sizeHw
  const pixels = new Uint8Array(height * width)
  for (let run = masks.offsets[index]!; run < masks.offsets[index + 1]!; run++)
    for (let at = masks.starts[run]!; at < masks.ends[run]!; at++)
      pixels[(at % height) * width + Math.floor(at / height)] = 1
  const runs: number[] = []
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] === 0) continue
    const start = i
    while (pixels[i] === 1) i++
    runs.push(start, i - start)
  }
  return runs
}

describe('annotations/geojson', () => {
  it.each([
    ['e1', 1],
    ['w1', 3],
  ])('draws the labels of %s pixel for pixel as rasterio does', async (name, number) => {
    const { instances } = await truth(name, sceneOf(number), { all_touched: true })
    expect(instances.labels.length).toBe(golden.labels[name]!.length)
    for (const [i, runs] of golden.labels[name]!.entries()) expect(rowRuns(instances, i)).toEqual(runs)
  })

  it('leaves out what does not reach into the image, says so, and moves with a window', async () => {
    const window = cropImage(sceneOf(1), { x: 150, y: 0, widthPx: 74, heightPx: 50 })
    const { instances, notes } = await truth('e1', window, { all_touched: true })
    expect(instances.sizeHw).toEqual([50, 74])
    expect(notes[0]).toMatch(/^e1: \d+ of \d+ features do not reach into the image$/)
    expect(instances.labels.length).toBeGreaterThan(0)
    expect((await truth('e1', sceneOf(9))).notes[0]).toMatch(/are the coordinates those of the image\?$/)
  })

  it('takes classes from a property', async () => {
    const path = written(
      collection(
        feature([square(421001, 629990, 5)], { kind: 'road' }),
        feature([square(421020, 629990, 5)], { kind: 'building' }),
      ),
    )
    const params = { classes: ['building', 'road'], class_property: 'kind', crs: 'as-image' }
    expect([...(await truth('x', sceneOf(1), params, path)).instances.labels]).toEqual([1, 0])
    await expect(truth('x', sceneOf(1), { ...params, classes: ['building'] }, path)).rejects.toThrow(
      'x.geojson, feature 0: kind is "road", which is none of building',
    )
    const check = testCheck()
    await annotationsGeojson.types!({ classes: ['a', 'b'] } as never, check.context)
    expect(check.problems[0]!.message).toBe('there are 2 classes and nothing that tells which a feature is of')
  })

  it('refuses coordinates of another system, and files that state none for images that are not in WGS 84', async () => {
    await expect(truth('e1', sceneOf(1, 'EPSG:32630'))).rejects.toThrow(
      'e1.geojson: its coordinates are in EPSG:32631, the image is in EPSG:32630',
    )
    const path = written(collection(feature([square(421001, 629990, 5)])))
    await expect(truth('x', sceneOf(1), {}, path)).rejects.toThrow(
      'in EPSG:4326 (it states nothing), the image is in EPSG:32631',
    )
    expect((await truth('x', sceneOf(1), { crs: 'as-image' }, path)).instances.labels.length).toBe(1)
  })

  it('refuses an image without a place, and one without a file unless that means empty', async () => {
    const { georeference: _, ...nowhere } = sceneOf(1)
    await expect(truth('e1', nowhere)).rejects.toThrow('does not know where on the earth it lies')
    await expect(truth('e7', sceneOf(1))).rejects.toThrow('there is no e7.geojson for the image e7')
    expect((await truth('e7', sceneOf(1), { missing: 'empty' })).instances.labels.length).toBe(0)
  })

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"type": ', /x\.geojson: is not JSON/],
    ['a list', '[1]', /x\.geojson: is a list.*expected a GeoJSON object/],
    ['features that are none', { type: 'FeatureCollection', features: 7 }, /x\.geojson: has no list of features/],
    ['a feature that is none', collection(null), /x\.geojson, feature 0: is .*expected an object/],
    ['an unknown geometry', collection(feature([], {}, 'Circle')), /feature 0: has the geometry "Circle"/],
    ['a number for a ring', collection(feature([7])), /feature 0, polygon 0, ring 0: has fewer than three positions/],
    [
      'a position of one number',
      collection(feature([[[1, 2], [3], [5, 6]]])),
      /ring 0, position 1: is \[3\], expected two numbers/,
    ],
    [
      'text for a number',
      collection(
        feature([
          [
            [1, 2],
            [3, '4'],
            [5, 6],
          ],
        ]),
      ),
      /position 1: is \[3,"4"\]/,
    ],
    ['a crs that is none', { ...collection(), crs: { type: 'link' } }, /x\.geojson, crs: is \{"type":"link"\}/],
  ])('names the place of %s', async (_, document, message) => {
    await expect(truth('x', sceneOf(1), { crs: 'as-image' }, written(document))).rejects.toThrow(message)
  })

  it('leaves points and lines out, with a note', async () => {
    const path = written(
      collection(
        feature([1, 2], {}, 'Point'),
        { type: 'Feature', properties: null, geometry: null },
        feature([square(421001, 629990, 5)]),
      ),
    )
    const { instances, notes } = await truth('x', sceneOf(1), { crs: 'as-image' }, path)
    expect(instances.labels.length).toBe(1)
    expect(notes).toEqual(['x: 2 features are no polygons and were left out'])
  })
})

describe('submission/geojson', () => {
  const inputTypes = { instances: [{ classes: [{ id: 'building', name: 'Building' }] }] }
  const write = async (instances: Instances, images: ImageRef) => {
    const run = testRun({ wanted: ['file'], inputTypes })
    const { file } = (await runNode(submissionGeojson, { instances, image: images }, {}, run)) as { file: Uint8Array }
    return new TextDecoder().decode(file)
  }

  it('writes what comes back as the very same masks', async () => {
    const { instances } = await truth('e1', sceneOf(1), { all_touched: true })
    const text = await write(instances, sceneOf(1))
    expect(text).toContain('"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32631"}}')
    const again = await truth('back', sceneOf(1), {}, written(text, 'back'))
    expect(again.instances).toEqual(instances)
    expect(JSON.parse(text).features[0].properties).toEqual({
      instance: 0,
      class: 'building',
      name: 'Building',
      score: 1,
    })
  })

  it('turns outer rings counter-clockwise on the map and holes clockwise, whatever the axes', async () => {
    for (const affine of [
      [0.5, 0, 421000, 0, -0.5, 630000],
      [0.5, 0, 421000, 0, 0.5, 629900],
      [0, 0.5, 421000, 0.5, 0, 629900],
    ] as const) {
      const images: ImageRef = { ...sceneOf(1), georeference: { crs: 'EPSG:4326', affine } }
      const path = written(collection(feature([square(421010, 629950, 20), square(421015, 629955, 5)])))
      const { instances } = await truth('x', images, {}, path)
      expect(maskAreas(instances.masks)[0]).toBeCloseTo(4 * 375, -2)
      const text = await write(instances, images)
      expect(text).not.toContain('crs')
      const [outer, hole] = JSON.parse(text).features[0].geometry.coordinates as [number, number][][]
      const area = (ring: [number, number][]) =>
        ring
          .slice(1)
          .reduce(
            (sum, [x, y], i) => sum + (ring[i]![0] - 421010) * (y - 629950) - (x - 421010) * (ring[i]![1] - 629950),
            0,
          )
      expect(area(outer!)).toBeGreaterThan(0)
      expect(area(hole!)).toBeLessThan(0)
      expect(outer![0]).toEqual(outer!.at(-1))
    }
  })

  it('says honestly that it does not know the system, and refuses what does not fit', async () => {
    const { instances } = await truth('e1', sceneOf(1))
    expect(await write(instances, sceneOf(1, 'unknown'))).toContain('"crs":null')
    const { georeference: _, ...nowhere } = sceneOf(1)
    await expect(write(instances, nowhere)).rejects.toThrow('its instances have no map coordinates')
    const window = cropImage(sceneOf(1), { x: 0, y: 0, widthPx: 10, heightPx: 10 })
    await expect(write(instances, window)).rejects.toThrow('in a frame of 160 × 224, the image has 10 × 10')
  })
})
