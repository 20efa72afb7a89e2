import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { imagesFolder } from '../../nodes/images/folder.ts'
import { runNode } from '../helpers/run-context.ts'
import { scene } from '../helpers/scene.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-folder-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const params = { path: { path: '', sha256: '' }, max_megapixels: 268 }

function read(path: string, sha: string, more: object = {}) {
  const file = { path, sha256: sha, sizeBytes: statSync(path).size }
  return runNode(imagesFolder, { file }, { ...params, ...more })
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** The smallest TIFF with one float sample: header, directory of (tag, type, count, value), the sample. */
function floatTiff(): Uint8Array {
  const entries = [
    [256, 3, 1, 1],
    [257, 3, 1, 1],
    [258, 3, 1, 32],
    [259, 3, 1, 1],
    [262, 3, 1, 1],
    [273, 4, 1, 134],
    [277, 3, 1, 1],
    [278, 3, 1, 1],
    [279, 4, 1, 4],
    [339, 3, 1, 3],
  ] as const
  const view = new DataView(new ArrayBuffer(138))
  view.setUint32(0, 0x002a4949, true)
  view.setUint32(4, 8, true)
  view.setUint16(8, entries.length, true)
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    view.setUint16(10 + 12 * i, tag, true)
    view.setUint16(12 + 12 * i, type, true)
    view.setUint32(14 + 12 * i, count, true)
    view.setUint32(18 + 12 * i, value, true)
  }
  view.setFloat32(134, 5, true)
  return new Uint8Array(view.buffer)
}

describe('images/folder', () => {
  it('gives digest, size and format of a picture from its header', async () => {
    const path = fileURLToPath(new URL('../golden/two-stage/scene.jpg', import.meta.url))
    expect(await read(path, scene.sha256)).toEqual({ images: scene })
  })

  it('knows 16-bit and float samples and the number of channels', async () => {
    const raw = { raw: { width: 1, height: 1, channels: 1 as const } }
    const deep = await sharp(new Uint16Array([5]), raw)
      .toColourspace('grey16')
      .png()
      .toBuffer()
    expect(await read(write('deep.png', deep), 'a')).toMatchObject({
      images: { bitDepth: 16, channels: 1, format: 'png' },
    })
    expect(await read(write('float.tif', floatTiff()), 'a')).toMatchObject({ images: { bitDepth: 32, format: 'tiff' } })
  })

  it('does not read pixels: a picture that is cut after its header is accepted here', async () => {
    const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer()
    const path = write('cut.jpg', whole.subarray(0, whole.length - 20))
    expect(await read(path, sha256('x'))).toMatchObject({ images: { widthPx: 64 } })
  })

  it.each<[string, Uint8Array, string]>([
    ['empty file', new Uint8Array(0), 'the file is empty'],
    ['text file', new TextEncoder().encode('hello'), 'it may be cut off or not be a picture'],
    ['cut header', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), 'it may be cut off or not be a picture'],
  ])('refuses an %s and names it', async (name, bytes, fix) => {
    const path = write(`${name}.jpg`, bytes)
    await expect(read(path, 'a')).rejects.toMatchObject({
      diagnostic: { code: 'bad-image', message: expect.stringContaining(path), fix: expect.stringContaining(fix) },
    })
  })

  it('refuses a header that promises more pixels than allowed', async () => {
    // The size in the frame header of a small JPEG, overwritten with the largest that libjpeg reads.
    const bomb = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer()
    const frame = bomb.indexOf(Buffer.of(0xff, 0xc0))
    bomb.writeUInt16BE(65500, frame + 5)
    bomb.writeUInt16BE(65500, frame + 7)
    await expect(read(write('bomb.jpg', bomb), 'a')).rejects.toThrow('has 65500 × 65500 pixels (4290 megapixels)')
    const small = fileURLToPath(new URL('../golden/two-stage/scene.jpg', import.meta.url))
    await expect(read(small, 'a', { max_megapixels: 0.01 })).rejects.toThrow(
      /has 320 × 240 pixels \(0 megapixels\), allowed are 0\.01/,
    )
  })
})
