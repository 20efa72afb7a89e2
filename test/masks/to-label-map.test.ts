import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { instancesFromLabelMap } from '../../nodes/instances/from-label-map.ts'
import { masksToLabelMapFile } from '../../nodes/masks/to-label-map.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

async function labelPicture(instances: Instances, params: object = {}): Promise<Uint8Array> {
  const all = withDefaults(masksToLabelMapFile, params)
  return (await runNode(masksToLabelMapFile, { instances }, all))['file'] as Uint8Array
}

async function numbersOf(bytes: Uint8Array): Promise<number[]> {
  const { data } = await sharp(bytes)
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  return [...new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))]
}

/** What `instances/from-label-map` makes of a file with these bytes. */
async function readBack(bytes: Uint8Array, params: object = {}, digest = sha256(bytes)): Promise<Instances> {
  const path = join(await mkdtemp(join(tmpdir(), 'maskloom-test-')), 'labels.png')
  await writeFile(path, bytes)
  const file = { path, sha256: digest, sizeBytes: bytes.length }
  const all = withDefaults(instancesFromLabelMap, { class_id: 'cell', ...params })
  return (await runNode(instancesFromLabelMap, { file }, all))['instances'] as Instances
}

const overlapping: BoxSpec[] = [
  { score: 0.5, box: [0, 0, 2, 2] },
  { score: 0.9, box: [1, 0, 3, 1] },
  { score: 0.5, box: [0, 1, 1, 2] },
]

describe('masks/to-label-map', () => {
  it('numbers instances from 1 and gives shared pixels to whom it is told', async () => {
    const instances = boxInstances([2, 4], overlapping)
    expect(await numbersOf(await labelPicture(instances))).toEqual([1, 2, 2, 0, 1, 1, 0, 0])
    expect(await numbersOf(await labelPicture(instances, { overlap: 'first' }))).toEqual([1, 1, 2, 0, 1, 1, 0, 0])
    expect(await numbersOf(await labelPicture(instances, { overlap: 'last' }))).toEqual([1, 2, 2, 0, 3, 1, 0, 0])
  })

  it('writes one channel of 16 bits in either format and names the file after it', async () => {
    const instances = boxInstances([2, 4], overlapping)
    const { extension } = masksToLabelMapFile.outputs['file']!
    for (const [format, expected] of [
      ['png', 'png'],
      ['tiff', 'tif'],
    ] as const) {
      const metadata = await sharp(await labelPicture(instances, { format })).metadata()
      expect(metadata).toMatchObject({ format, depth: 'ushort', channels: 1, width: 4, height: 2 })
      expect((extension as (params: object) => string)({ format })).toBe(expected)
    }
  })

  it('comes back from its file, also with more than 255 instances', async () => {
    const cells: BoxSpec[] = Array.from({ length: 400 }, (_, k) => {
      const [x, y] = [2 * (k % 40), 2 * Math.floor(k / 40)]
      return { box: [x, y, x + 1, y + 2] }
    })
    const instances = boxInstances([20, 80], cells)
    for (const format of ['png', 'tiff']) {
      expect(await readBack(await labelPicture(instances, { format }))).toEqual(instances)
    }
  })
})

describe('instances/from-label-map', () => {
  it('makes one instance of each number, by rising number, of the class it is given', async () => {
    const numbers = Uint8Array.of(7, 0, 7, 200, 3, 3, 0, 200)
    const png = await sharp(numbers, { raw: { width: 4, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer()
    const found = await readBack(png)
    expect(Array.from({ length: 3 }, (_, i) => [...found.boxesXyxy.slice(4 * i, 4 * i + 4)])).toEqual([
      [0, 1, 2, 2],
      [0, 0, 3, 1],
      [3, 0, 4, 2],
    ])
    const { context } = testCheck()
    expect(await instancesFromLabelMap.types!({ class_id: 'cell' } as never, context)).toEqual({
      instances: { classes: [{ id: 'cell', name: 'cell' }] },
    })
  })

  it('refuses colours, palettes, other samples, cut files and files that changed', async () => {
    const raw = { raw: { width: 2, height: 2, channels: 3 } } as const
    const rgb = sharp(new Uint8Array(12).fill(9), raw)
    await expect(readBack(await rgb.png().toBuffer())).rejects.toThrow('it has 3 channels (srgb), expected one')
    await expect(readBack(await rgb.png({ palette: true }).toBuffer())).rejects.toThrow(/palette|channels/)
    const whole = await labelPicture(boxInstances([40, 40], overlapping))
    await expect(readBack(whole.subarray(0, 60))).rejects.toThrow('is no label picture')
    await expect(readBack(new Uint8Array(0))).rejects.toThrow('is no label picture')
    await expect(readBack(whole, { max_megapixels: 0.001 })).rejects.toThrow('is no label picture')
    await expect(readBack(whole, {}, sha256('other'))).rejects.toThrow('changed while it was being used')
  })
})
