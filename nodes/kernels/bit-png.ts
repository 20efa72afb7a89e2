import { crc32, deflateSync } from 'node:zlib'
import type { MaskSet } from './masks.ts'
import { decodeDense } from './rle.ts'

/**
 * Mask `index` as a PNG of one bit for each pixel, grey, 1 (white) = foreground: the mask files of Open Images. Rows are
 * not filtered, which suits flat areas. The compressed bytes differ between builds of zlib, the pixels do not.
 * Source: PNG specification, third edition, §5, §11.2.
 */
export function encodeBitPng(masks: MaskSet, index: number): Uint8Array<ArrayBuffer> {
  const [height, width] = masks.sizeHw
  const pixels = decodeDense(masks, index, 'row-major')
  const rowBytes = 1 + Math.ceil(width / 8)
  const raw = new Uint8Array(height * rowBytes)
  for (let y = 0, at = 0; y < height; y++) {
    const row = y * rowBytes + 1
    for (let x = 0; x < width; x++, at++) if (pixels[at]) raw[row + (x >> 3)]! |= 0x80 >> (x & 7)
  }
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header[8] = 1
  const chunks = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]
  return new Uint8Array(Buffer.concat(chunks))
}

/** Length, name, content, checksum of the last two. */
function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, content.length)
  bytes.set(new TextEncoder().encode(name), 4)
  bytes.set(content, 8)
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)))
  return bytes
}
