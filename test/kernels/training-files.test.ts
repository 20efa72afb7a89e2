import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, property } from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { readMaskPicture } from '../../nodes/annotations/mask-picture.ts'
import { instancesFromLabelMap } from '../../nodes/instances/from-label-map.ts'
import { encodeBitPng } from '../../nodes/kernels/bit-png.ts'
import { joinedOutline } from '../../nodes/kernels/joined-outline.ts'
import { polygonToMask } from '../../nodes/kernels/polygon.ts'
import { countsToMaskSet } from '../../nodes/kernels/rle.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { decoded, denseMasks, drawn, encoded, rows } from '../helpers/dense-masks.ts'
import { runNode } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

interface Golden {
  readonly lines: readonly {
    readonly size: [number, number]
    readonly counts: number[]
    readonly line: string
    readonly centres?: string
  }[]
  readonly pictures: readonly {
    readonly kind: string
    readonly size: [number, number]
    readonly values: number[]
    readonly file: string
  }[]
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/training-sets/golden.json', import.meta.url), 'utf8'),
) as Golden
const folder = mkdtempSync(join(tmpdir(), 'maskloom-training-'))

function yoloText(xy: Float64Array, size: readonly [number, number]): string {
  return [0, ...Array.from(xy, (value, i) => Number((value / size[i % 2 === 0 ? 1 : 0]).toFixed(6)))].join(' ')
}

describe('joinedOutline', () => {
  it('walks around a pixel, and ties a second one to it by the nearest corners', () => {
    expect([...joinedOutline(encoded(drawn('.#')), 0)]).toEqual([2, 0, 2, 1, 1, 1, 1, 0])
    const two = [...joinedOutline(encoded(drawn('#..#')), 0)]
    // From the upper right corner of the first over to the second, around it, back, around the first.
    expect(two).toEqual([1, 0, 3, 0, 4, 0, 4, 1, 3, 1, 3, 0, 1, 0, 1, 1, 0, 1, 0, 0])
    expect(joinedOutline(encoded(drawn('..')), 0)).toHaveLength(0)
  })

  it('draws the same mask again, with all of its parts and holes', () => {
    assert(
      property(denseMasks(1), ([dense]) => {
        const outline = joinedOutline(encoded(dense!), 0)
        expect(rows(decoded(polygonToMask(outline, [dense!.height, dense!.width])))).toBe(rows(dense!))
      }),
    )
  })

  it('writes the lines that pycocotools and OpenCV drew as these masks', () => {
    for (const { size, counts, line } of golden.lines) {
      const masks = countsToMaskSet([counts], size)
      expect(yoloText(joinedOutline(masks, 0), size)).toBe(line)
    }
    expect(golden.lines).toHaveLength(60)
  })
})

describe('joinedOutline through centres', () => {
  it('goes from centre to centre, three points at least', () => {
    expect([...joinedOutline(encoded(drawn('.#')), 0, 'centres')]).toEqual([1.5, 0.5, 1.5, 0.5, 1.5, 0.5])
    expect([...joinedOutline(encoded(drawn('##')), 0, 'centres')]).toEqual([0.5, 0.5, 1.5, 0.5, 0.5, 0.5])
    expect([...joinedOutline(encoded(drawn('##/##')), 0, 'centres')]).toEqual([0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5, 0.5])
    expect(joinedOutline(encoded(drawn('..')), 0, 'centres')).toHaveLength(0)
  })

  it('writes the lines that OpenCV’s fillPoly drew as these masks', () => {
    for (const { size, counts, centres } of golden.lines) {
      if (centres === undefined) continue
      const masks = countsToMaskSet([counts], size)
      expect(yoloText(joinedOutline(masks, 0, 'centres'), size)).toBe(centres)
    }
    expect(golden.lines.filter(({ centres }) => centres).length).toBeGreaterThan(15)
  })
})

describe('encodeBitPng', () => {
  it('has one grey bit for a pixel, and reads back as it was', async () => {
    await assertPictures(['#', '#.#.#.#.#/.........', '........', '#######.', '.#/#./##/..'])
  })

  async function assertPictures(pictures: readonly string[]) {
    for (const [i, picture] of pictures.entries()) {
      const masks = encoded(drawn(picture))
      const bytes = encodeBitPng(masks, 0)
      const { channels, depth, bitsPerSample } = await sharp(bytes).metadata()
      expect({ channels, depth, bitsPerSample }).toEqual({ channels: 1, depth: 'uchar', bitsPerSample: 1 })
      const path = join(folder, `${i}.png`)
      writeFileSync(path, bytes)
      expect(rows(decoded(await readMaskPicture(path, 'row 1')))).toBe(rows(decoded(masks)))
    }
  }
})

describe('pictures that Pillow and OpenCV wrote', () => {
  it('are read as they meant them', async () => {
    for (const [i, { kind, size, values, file }] of golden.pictures.entries()) {
      const bytes = Buffer.from(file, 'base64')
      const path = join(folder, `golden-${i}.${kind.endsWith('tiff') ? 'tif' : 'png'}`)
      writeFileSync(path, bytes)
      if (kind === 'bit') {
        expect([...decoded(await readMaskPicture(path, 'row 1')).pixels]).toEqual(values)
        continue
      }
      const source = { path, sha256: sha256(bytes), sizeBytes: bytes.length }
      const params = withDefaults(instancesFromLabelMap, { class_id: 'object' })
      const { instances } = (await runNode(instancesFromLabelMap, { file: source }, params)) as { instances: Instances }
      expect(instances.sizeHw).toEqual(size)
      const numbers = [...new Set(values)].filter(value => value > 0).sort((a, b) => a - b)
      expect(instances.labels).toHaveLength(numbers.length)
      for (const [k, number] of numbers.entries()) {
        expect([...decoded(instances.masks, k).pixels]).toEqual(values.map(value => (value === number ? 1 : 0)))
      }
    }
    expect(golden.pictures).toHaveLength(12)
  })
})
