import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { cv2Taps, resizePlane, torchTaps } from '../../nodes/kernels/linear-taps.ts'
import { resizeCv2, resizeCv2Float } from '../../nodes/kernels/resize-cv2.ts'
import { resizePil } from '../../nodes/kernels/resize-pil.ts'

interface Case {
  readonly fromHw: [number, number]
  readonly toHw: [number, number]
  readonly channels: number
  readonly cv2: string
  readonly pil: string
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/resize/golden.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}

/** The picture of make_golden.py. */
function picture([height, width]: readonly [number, number], channels: number): Uint8Array {
  const pixels = new Uint8Array(height * width * channels)
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) pixels[k++] = (x * 37 + y * 101 + c * 59 + ((x * y) % 97) * 7) % 256
    }
  }
  return pixels
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('resizing bytes', () => {
  it('equals cv2.resize bit for bit', () => {
    for (const { fromHw, toHw, channels, cv2 } of cases) {
      const resized = resizeCv2(picture(fromHw, channels), channels, fromHw, toHw)
      expect([fromHw, toHw, channels, sha256(resized)]).toEqual([fromHw, toHw, channels, cv2])
    }
  })

  it('equals Pillow bit for bit', () => {
    for (const { fromHw, toHw, channels, pil } of cases) {
      const resized = resizePil(picture(fromHw, channels), channels, fromHw, toHw)
      expect([fromHw, toHw, channels, sha256(resized)]).toEqual([fromHw, toHw, channels, pil])
    }
  })
})

describe('resizing floats', () => {
  const row = (values: number[], to: number) => [
    ...resizePlane(
      Float32Array.from(values),
      [1, values.length],
      cv2Taps(1, 1, 'rows'),
      cv2Taps(values.length, to, 'columns'),
    ),
  ]

  it('reads where OpenCV reads, without antialiasing', () => {
    expect(row([0, 1], 4)).toEqual([0, 0.25, 0.75, 1])
    expect(row([0, 1], 5).map(value => Math.round(value * 1e6) / 1e6)).toEqual([0, 0.1, 0.5, 0.9, 1])
    expect(row([0, 1, 0, 1], 2)).toEqual([0.5, 0.5])
  })

  it('agrees between torch and OpenCV but for rounding, since both read the same places', () => {
    const plane = Float32Array.from({ length: 28 * 28 }, (_, i) => ((i * 7919) % 1009) / 1009)
    const torch = resizePlane(plane, [28, 28], torchTaps(28, 101), torchTaps(28, 17))
    const cv2 = resizeCv2Float(plane, [28, 28], [101, 17])
    for (let i = 0; i < torch.length; i++) expect(Math.abs(torch[i]! - cv2[i]!)).toBeLessThan(2e-5)
  })

  it('gives the asked part of the samples, the same as in the whole', () => {
    const whole = torchTaps(30, 97)
    const part = torchTaps(30, 97, [13, 40])
    expect(part.index0).toEqual(whole.index0.slice(13, 40))
    expect(part.weight1).toEqual(whole.weight1.slice(13, 40))
  })
})
