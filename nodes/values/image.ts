import type { Kind } from '../../engine/contract/kind.ts'
import { editProblem, editsSizeHw, type ImageEdit } from './image-edits.ts'
import { documentCodec } from './json-document.ts'

/**
 * A picture by reference: its pixels are read from the source file by whoever needs them (`read-image.ts`). A picture made
 * of another one (a chip, a stretched raster, one with grey boxes) is the same file and a list of edits: no copy is kept.
 */
export interface ImageRef {
  /** sha256 of the file. */
  readonly sha256: string
  /** Of the picture, after the edits. */
  readonly widthPx: number
  readonly heightPx: number
  /** Of the file. */
  readonly channels: number
  /** Bits of one channel of the file; 32 is float or integer, as the format has it. */
  readonly bitDepth: 8 | 16 | 32
  /** As the decoder names it: `jpeg`, `png`, `tiff`, …; `geotiff` is read window by window. */
  readonly format: string
  /** [height, width] of the picture in the file; set if and only if there are edits. */
  readonly fileHw?: readonly [number, number]
  /** What happens to the file's picture, in this order; at least one if set. */
  readonly edits?: readonly ImageEdit[]
  readonly georeference?: Georeference
}

/** Where the picture lies on the earth. */
export interface Georeference {
  /** Coordinate system of x and y: `EPSG:32616`, or `unknown` when the file names none. */
  readonly crs: string
  /**
   * [a, b, c, d, e, f] of x = a · column + b · row + c, y = d · column + e · row + f; columns and rows in continuous
   * pixels, (0, 0) the outer corner of the first pixel (the order of rasterio's Affine).
   */
  readonly affine: readonly [number, number, number, number, number, number]
}

const NAME = 'image'

export const imageKind: Kind<ImageRef> = {
  name: NAME,
  description:
    'A picture: digest of its file, size, sample format, place on the earth, and what is changed when it is read. Pixels are not stored.',
  extension: 'json',
  ...documentCodec(NAME, problem, (ref: ImageRef) => {
    const { sha256, widthPx, heightPx, channels, bitDepth, format, fileHw, edits, georeference } = ref
    return {
      ...{ sha256, widthPx, heightPx, channels, bitDepth, format },
      ...(edits && { fileHw: fileHw!, edits }),
      ...(georeference && { georeference: { crs: georeference.crs, affine: georeference.affine } }),
    }
  }),
}

function problem(value: unknown): string | undefined {
  const ref = (value ?? {}) as Partial<ImageRef>
  const { sha256, widthPx, heightPx, channels, bitDepth, format, fileHw, edits, georeference } = ref
  if (!/^[0-9a-f]{64}$/.test(String(sha256))) return `sha256 is ${JSON.stringify(sha256)}, expected 64 hex digits`
  if (!isSide(widthPx) || !isSide(heightPx)) return `size is ${widthPx} × ${heightPx}, expected whole numbers from 1`
  if (!isSide(channels)) return `channels is ${channels}, expected a whole number from 1`
  if (bitDepth === undefined || ![8, 16, 32].includes(bitDepth)) return `bitDepth is ${bitDepth}, expected 8, 16 or 32`
  if (typeof format !== 'string') return `format is ${JSON.stringify(format)}, expected a name`
  if (edits !== undefined || fileHw !== undefined) {
    if (!Array.isArray(edits) || edits.length === 0) return 'there is no list of edits, but the size of a file'
    if (!Array.isArray(fileHw) || !fileHw.every(isSide))
      return `fileHw is ${JSON.stringify(fileHw)}, expected two sides`
    const wrong = editProblem(edits, fileHw)
    if (wrong !== undefined) return wrong
    const [height, width] = editsSizeHw(edits, fileHw as [number, number])
    if (height !== heightPx || width !== widthPx)
      return `size is ${widthPx} × ${heightPx}, the edits make ${width} × ${height}`
  }
  return georeference === undefined ? undefined : georeferenceProblem(georeference)
}

function georeferenceProblem({ crs, affine }: Georeference): string | undefined {
  if (typeof crs !== 'string' || crs === '') return `the coordinate system is ${JSON.stringify(crs)}, expected a name`
  if (!Array.isArray(affine) || affine.length !== 6 || !affine.every(Number.isFinite))
    return `the affine is ${JSON.stringify(affine)}, expected six finite numbers`
  const [a, b, , d, e] = affine as number[]
  return a! * e! - b! * d! === 0 ? `the affine ${JSON.stringify(affine)} maps the picture to a line` : undefined
}

function isSide(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
