import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { decodeJson, encodeJson } from './json-document.ts'

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
  encode: ({ sha256, widthPx, heightPx, channels, bitDepth, format }) => {
    check(/^[0-9a-f]{64}$/.test(sha256), `sha256 is ${JSON.stringify(sha256)}, expected 64 hex digits`)
    check(isSide(widthPx) && isSide(heightPx), `size is ${widthPx} × ${heightPx}, expected whole numbers from 1`)
    check(isSide(channels), `channels is ${channels}, expected a whole number from 1`)
    check([8, 16, 32].includes(bitDepth), `bitDepth is ${bitDepth}, expected 8, 16 or 32`)
    return encodeJson({ sha256, widthPx, heightPx, channels, bitDepth, format })
  },
  decode: bytes => decodeJson(bytes) as unknown as ImageRef,
}

function isSide(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new TaskError({ code: 'bad-value', message: `${NAME}: ${what}` })
}
