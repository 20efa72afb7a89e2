import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { stretchSamples } from '../../nodes/kernels/picture-edits.ts'
import { resizeCv2 } from '../../nodes/kernels/resize-cv2.ts'
import { readRgbOnce } from '../../nodes/values/decoded-images.ts'
import { type ImageRef, imageKind } from '../../nodes/values/image.ts'
import { cropImage, fillImage, resizeImage, stretchImage } from '../../nodes/values/image-edits.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import { testRun } from '../helpers/run-context.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-edits-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const [height, width] = [5, 7] as const
/** Red is the column, green the row, blue their sum. */
const rgbAt = (x: number, y: number) => [10 * x, 20 * y, x + y]
const pixels = Array.from({ length: width * height }, (_, i) => rgbAt(i % width, Math.floor(i / width))).flat()

async function picture(deep = false): Promise<{ ref: ImageRef; context: ReturnType<typeof testRun>['context'] }> {
  const raw = { raw: { width, height, channels: 3 as const } }
  const made = deep
    ? sharp(
        Uint16Array.from(pixels, value => 100 + value),
        raw,
      ).toColourspace('rgb16')
    : sharp(Buffer.from(pixels), raw)
  const bytes = await made.png().toBuffer()
  const path = join(folder, sha256(bytes))
  writeFileSync(path, bytes)
  const bitDepth = deep ? 16 : 8
  const ref: ImageRef = {
    sha256: sha256(bytes),
    widthPx: width,
    heightPx: height,
    channels: 3,
    bitDepth,
    format: 'png',
  }
  return { ref, context: testRun({ sources: { [ref.sha256]: path } }).context }
}

describe('edits of a picture', () => {
  it('cut windows of windows, paint boxes and leave the file alone', async () => {
    const { ref, context } = await picture()
    const chip = cropImage(cropImage(ref, { x: 2, y: 1, widthPx: 5, heightPx: 4 }), {
      x: 1,
      y: 2,
      widthPx: 2,
      heightPx: 2,
    })
    expect([chip.widthPx, chip.heightPx, chip.fileHw]).toEqual([2, 2, [5, 7]])
    const expected = [...rgbAt(3, 3), ...rgbAt(4, 3), ...rgbAt(3, 4), ...rgbAt(4, 4)]
    expect([...(await readRgb(chip, context)).rgb]).toEqual(expected)
    const grey = fillImage(chip, [1, -3, 9, 1], [128, 128, 128])
    expect([...(await readRgbOnce(grey, context)).rgb]).toEqual(expected.with(3, 128).with(4, 128).with(5, 128))
    expect([...(await readRgbOnce(chip, context)).rgb]).toEqual(expected)
    expect([...(await readRgbOnce(ref, context)).rgb]).toEqual(pixels)
  })

  it('resize as cv2 does', async () => {
    const { ref, context } = await picture()
    const small = resizeImage(ref, [3, 4])
    expect(await readRgb(small, context)).toEqual({
      rgb: resizeCv2(Uint8Array.from(pixels), 3, [5, 7], [3, 4]),
      widthPx: 4,
      heightPx: 3,
    })
    expect(resizeImage(ref, [5, 7])).toBe(ref)
  })

  it('stretch all 16 bits, not what is left of them', async () => {
    const { ref, context } = await picture(true)
    const shown = stretchImage(
      cropImage(ref, { x: 1, y: 0, widthPx: 2, heightPx: 1 }),
      [100, 100, 100],
      [120, 100, 101],
    )
    expect([...(await readRgb(shown, context)).rgb]).toEqual([127, 0, 255, 255, 0, 255])
    expect([...(await readRgbOnce(shown, context)).rgb]).toEqual([127, 0, 255, 255, 0, 255])
  })

  it('keep the place on the earth', () => {
    const ref: ImageRef = {
      ...{ sha256: 'a'.repeat(64), widthPx: 100, heightPx: 80, channels: 3, bitDepth: 8, format: 'geotiff' },
      georeference: { crs: 'EPSG:32616', affine: [0.5, 0, 1000, 0, -0.5, 2000] },
    }
    const chip = resizeImage(cropImage(ref, { x: 10, y: 20, widthPx: 40, heightPx: 20 }), [10, 20])
    expect(chip.georeference?.affine).toEqual([1, 0, 1005, 0, -1, 1990])
  })

  it('survive being stored', () => {
    const ref: ImageRef = { sha256: 'a'.repeat(64), widthPx: 9, heightPx: 8, channels: 3, bitDepth: 8, format: 'png' }
    const edited = fillImage(
      resizeImage(cropImage(ref, { x: 1, y: 2, widthPx: 3, heightPx: 4 }), [8, 6]),
      [0, 0, 1, 1],
      [1, 2, 3],
    )
    expect(imageKind.decode(imageKind.encode(edited) as Uint8Array)).toEqual(edited)
  })

  it('are refused where they make no sense', () => {
    const ref: ImageRef = { sha256: 'a'.repeat(64), widthPx: 9, heightPx: 8, channels: 3, bitDepth: 8, format: 'png' }
    const encode = (change: object) => () => imageKind.encode({ ...ref, fileHw: [8, 9], ...change } as ImageRef)
    expect(encode({ edits: [] })).toThrow('no list of edits')
    expect(encode({ edits: [{ edit: 'crop', x: 5, y: 0, widthPx: 5, heightPx: 8 }] })).toThrow(
      'edit 0 (crop): 5 × 8 at 5, 0 is no window of whole pixels inside 9 × 8',
    )
    expect(encode({ edits: [{ edit: 'crop', x: 0, y: 0, widthPx: 5, heightPx: 8 }] })).toThrow(
      'size is 9 × 8, the edits make 5 × 8',
    )
    expect(encode({ edits: [{ edit: 'blur' }] })).toThrow('edit 0 (blur): there is no such edit')
    const stretch = { edit: 'stretch', low: [0, 0, 0], high: [1, 1, 1] }
    expect(encode({ edits: [{ edit: 'resize', widthPx: 9, heightPx: 8 }, stretch] })).toThrow(
      'edit 1 (stretch): samples are spread before resize, not after',
    )
    expect(encode({ edits: [stretch, { edit: 'bands', bands: [0, 1, 2] }] })).toThrow(
      'channels are chosen first of all',
    )
    const nowhere = { ...ref, georeference: { crs: 'EPSG:1', affine: [1, 1, 0, 1, 1, 0] } } as ImageRef
    expect(() => imageKind.encode(nowhere)).toThrow('maps the picture to a line')
  })
})

describe('stretchSamples', () => {
  it('rounds down, clips and takes NaN as 0', () => {
    const samples = Float32Array.of(-5, 0, 1, 9.99, 10, 11, Number.NaN)
    expect([...stretchSamples(samples, 1, [0], [10])]).toEqual([0, 0, 25, 254, 255, 255, 0])
    expect([...stretchSamples(Uint16Array.of(3, 4, 5), 1, [4], [4])]).toEqual([0, 0, 255])
  })

  it('is what a loop over one channel after the other gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(65535), fc.nat(65535)), { minLength: 1 }),
        fc.nat(999),
        fc.nat(999),
        (pairs, low, spread) => {
          const both = stretchSamples(Uint16Array.from(pairs.flat()), 2, [low, 0], [low + spread, 65535])
          for (const [channel, high] of [low + spread, 65535].entries()) {
            const own = Uint16Array.from(pairs, pair => pair[channel]!)
            const alone = stretchSamples(own, 1, [channel === 0 ? low : 0], [high])
            expect([...alone]).toEqual([...both].filter((_, i) => i % 2 === channel))
          }
        },
      ),
    )
  })
})
