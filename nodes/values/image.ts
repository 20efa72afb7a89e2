import type { Kind } from '../../engine/contract/kind.ts'
import { documentCodec } from './json-document.ts'

/** A picture by reference: its pixels are read from the source file by whoever needs them (`read-image.ts`). */
export interface ImageRef {
  /** sha256 of the file. */
  readonly sha256: string
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: number
  /** Bits of one channel; 32 is float or integer, as the format has it. */
  readonly bitDepth: 8 | 16 | 32
  /** As the decoder names it: `jpeg`, `png`, `tiff`, … */
  readonly format: string
}

const NAME = 'image'

export const imageKind: Kind<ImageRef> = {
  name: NAME,
  description: 'A picture: digest of its file, size and sample format. Pixels are not stored.',
  extension: 'json',
  ...documentCodec(NAME, problem, ({ sha256, widthPx, heightPx, channels, bitDepth, format }: ImageRef) => ({
    sha256,
    widthPx,
    heightPx,
    channels,
    bitDepth,
    format,
  })),
}

function problem(value: unknown): string | undefined {
  const { sha256, widthPx, heightPx, channels, bitDepth, format } = (value ?? {}) as Partial<ImageRef>
  if (!/^[0-9a-f]{64}$/.test(String(sha256))) return `sha256 is ${JSON.stringify(sha256)}, expected 64 hex digits`
  if (!isSide(widthPx) || !isSide(heightPx)) return `size is ${widthPx} × ${heightPx}, expected whole numbers from 1`
  if (!isSide(channels)) return `channels is ${channels}, expected a whole number from 1`
  if (bitDepth === undefined || ![8, 16, 32].includes(bitDepth)) return `bitDepth is ${bitDepth}, expected 8, 16 or 32`
  if (typeof format !== 'string') return `format is ${JSON.stringify(format)}, expected a name`
  return undefined
}

function isSide(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
