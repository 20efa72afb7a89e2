import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { readRgbOnce } from '../../nodes/values/decoded-images.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { readRgb, sharpClass } from '../../nodes/values/read-image.ts'
import { testRun } from '../helpers/run-context.ts'
import { scene } from '../helpers/scene.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-image-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a picture and gives its reference and the context that finds it. */
function source(bytes: Uint8Array, ref: Partial<ImageRef>) {
  const path = join(folder, sha256(bytes))
  writeFileSync(path, bytes)
  const full = { ...scene, widthPx: 2, heightPx: 1, format: 'png', sha256: sha256(bytes), ...ref }
  return { path, ref: full, context: testRun({ sources: { [full.sha256]: path } }).context }
}

const twoPixels = () => sharp(Buffer.from([10, 20, 30, 200, 210, 220]), { raw: { width: 2, height: 1, channels: 3 } })

describe('readRgb', () => {
  it('decodes the golden JPEG to the very bytes that Pillow 13.0.0 gives', async () => {
    const path = fileURLToPath(new URL('../golden/two-stage/scene.jpg', import.meta.url))
    const { rgb, widthPx, heightPx } = await readRgb(scene, { sourcePath: () => path })
    expect([widthPx, heightPx]).toEqual([320, 240])
    expect(sha256(rgb)).toBe('0c558e80e9463a90e416c469cebff0191ddfa1640870efdd268e802f1b6649ef')
  })

  it('drops alpha, spreads grey and cuts 16 bits to the upper 8', async () => {
    const alpha = source(await twoPixels().ensureAlpha(0.5).png().toBuffer(), { channels: 4 })
    expect([...(await readRgb(alpha.ref, alpha.context)).rgb]).toEqual([10, 20, 30, 200, 210, 220])
    const grey = sharp(Buffer.from([7, 9]), { raw: { width: 2, height: 1, channels: 1 } })
    const greySource = source(await grey.toColourspace('b-w').png().toBuffer(), { channels: 1 })
    expect([...(await readRgb(greySource.ref, greySource.context)).rgb]).toEqual([7, 7, 7, 9, 9, 9])
    const deep = sharp(new Uint16Array([0x12ff, 0x3400, 0x5680, 0, 0xffff, 0x0100]), {
      raw: { width: 2, height: 1, channels: 3 },
    })
    const deepSource = source(await deep.toColourspace('rgb16').png().toBuffer(), { bitDepth: 16 })
    expect([...(await readRgb(deepSource.ref, deepSource.context)).rgb]).toEqual([0x12, 0x34, 0x56, 0, 0xff, 1])
  })

  it('ignores the EXIF orientation', async () => {
    const { ref, context } = source(await twoPixels().withMetadata({ orientation: 6 }).png().toBuffer(), {})
    expect(await readRgb(ref, context)).toMatchObject({ widthPx: 2, heightPx: 1 })
  })

  it('refuses a file that is no longer the planned one', async () => {
    const { path, ref, context } = source(await twoPixels().png().toBuffer(), {})
    writeFileSync(path, await twoPixels().negate().png().toBuffer())
    await expect(readRgb(ref, context)).rejects.toMatchObject({ diagnostic: { code: 'input-changed' } })
  })

  it('refuses a cut JPEG, a missing file and float samples, and names the file', async () => {
    const whole = readFileSync(fileURLToPath(new URL('../golden/two-stage/scene.jpg', import.meta.url)))
    const cut = source(whole.subarray(0, whole.length / 2), { widthPx: 320, heightPx: 240, format: 'jpeg' })
    await expect(readRgb(cut.ref, cut.context)).rejects.toThrow(`${cut.path} does not decode as 320 × 240 jpeg`)
    const gone = source(await twoPixels().png().toBuffer(), {})
    rmSync(gone.path)
    await expect(readRgb(gone.ref, gone.context)).rejects.toThrow(`cannot read ${gone.path}`)
    const float = source(new Uint8Array([1, 2, 3]), { bitDepth: 32 })
    await expect(readRgb(float.ref, float.context)).rejects.toThrow('has 32-bit samples')
  })

  it('refuses a picture whose size is not the planned one', async () => {
    const { ref, context } = source(await twoPixels().png().toBuffer(), { widthPx: 1, heightPx: 2 })
    await expect(readRgb(ref, context)).rejects.toThrow(/does not decode as 1 × 2 png: decoded to 2 × 1/)
  })
})

describe('readRgbOnce', () => {
  it('decodes a picture once while it stays among the latest, and again after it was forgotten', async () => {
    const { ref, context } = source(await twoPixels().png().toBuffer(), {})
    const first = await readRgbOnce(ref, context)
    expect(await readRgbOnce(ref, context)).toBe(first)
    for (let i = 0; i < 4; i++) {
      const other = source(
        await twoPixels()
          .linear(1, i + 1)
          .png()
          .toBuffer(),
        {},
      )
      await readRgbOnce(other.ref, { ...context, sourcePath: () => other.path })
    }
    const again = await readRgbOnce(ref, context)
    expect(again).not.toBe(first)
    expect(again).toEqual(first)
  })

  it('does not remember a failure', async () => {
    const { path, ref, context } = source(await twoPixels().tint('red').png().toBuffer(), {})
    const bytes = readFileSync(path)
    rmSync(path)
    await expect(readRgbOnce(ref, context)).rejects.toThrow('cannot read')
    writeFileSync(path, bytes)
    expect((await readRgbOnce(ref, context)).widthPx).toBe(2)
  })
})

describe('sharpClass', () => {
  it('names the versions that are loaded', () => {
    expect(sharpClass()).toBe(`sharp@${sharp.versions.sharp}/libvips@${sharp.versions.vips}`)
  })
})
