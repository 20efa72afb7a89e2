import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Sharp } from 'sharp'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { RunContext } from '../../engine/contract/node.ts'
import { cropPixels } from '../kernels/picture-edits.ts'
import { editPixels, looksAtSamples, rasterPart, unedited } from './edited-picture.ts'
import type { ImageRef } from './image.ts'
import { checkUnchanged, readGeotiffWindow } from './read-geotiff.ts'

/** Decoded pixels: [height · width · 3], row-major, RGB of the file's own values (no colour management), 0–255. */
export interface RgbPixels {
  readonly rgb: Uint8Array
  readonly widthPx: number
  readonly heightPx: number
}

/** What reading asks of a run: where files are and, to look at a large file only once, what the worker keeps. */
export type ReadContext = Pick<RunContext, 'sourcePath'> & Partial<Pick<RunContext, 'resource'>>

/**
 * Decodes the picture that `ref` names, after making sure that the file still is that picture. EXIF orientation and
 * colour profiles are ignored (annotations and models see the stored pixels), alpha is dropped, grey becomes RGB,
 * 16-bit samples are cut to their upper 8 bits unless the picture is stretched, of several pages the first counts. Then
 * come the picture's edits, if it has any.
 * @throws TaskError `input-changed` when the bytes are not those that were planned, `bad-image` when they do not decode.
 */
export async function readRgb(ref: ImageRef, context: ReadContext): Promise<RgbPixels> {
  const path = context.sourcePath(ref.sha256)
  if (ref.format === 'geotiff') return readGeotiffRgb(ref, path, context)
  const file = unedited(ref)
  const pixels =
    ref.bitDepth === 16 && looksAtSamples(ref)
      ? await decodeDeep(await readPlanned(ref, path), file, path)
      : (await decodeRgb(await readPlanned(ref, path), file, path)).rgb
  return editPixels(pixels, [file.heightPx, file.widthPx], ref.edits ?? [])
}

/** Red, green and blue of a picture that is no raster, with all the bits they have; cut to its window, if it has one. */
export async function readDeepSamples(ref: ImageRef, context: ReadContext): Promise<Uint8Array | Uint16Array> {
  const path = context.sourcePath(ref.sha256)
  const file = unedited(ref)
  const bytes = await readPlanned(ref, path)
  const pixels = ref.bitDepth === 16 ? await decodeDeep(bytes, file, path) : (await decodeRgb(bytes, file, path)).rgb
  const { window } = rasterPart(ref)
  return cropPixels(pixels, 3, [file.heightPx, file.widthPx], window)
}

/** The bytes of the file, if they still are those that were planned. */
async function readPlanned(ref: ImageRef, path: string): Promise<Uint8Array> {
  const bytes = await readSource(path)
  const found = sha256(bytes)
  if (found !== ref.sha256)
    throw new TaskError({
      code: 'input-changed',
      message: `${path} changed while it was being used: its sha256 is ${short(found)}, planned was ${short(ref.sha256)}`,
      fix: 'run again: the new content is planned and only what depends on it is computed',
    })
  if (ref.bitDepth === 32)
    throw new TaskError({
      code: 'bad-image',
      message: `${path} has 32-bit samples; expected 8 or 16 bits for each channel`,
      fix: 'read it with images/geotiff and spread it with images/stretch, or convert it to 8 or 16 bits',
    })
  return bytes
}

/** Only the window that is left of the raster is read, with as many bits as the stretch needs. */
async function readGeotiffRgb(ref: ImageRef, path: string, context: ReadContext): Promise<RgbPixels> {
  await checkUnchanged(path, ref.sha256, context)
  const { bands, window, rest } = rasterPart(ref)
  const samples = await readGeotiffWindow(path, window, bands)
  const sizeHw = [window.heightPx, window.widthPx] as const
  if (samples instanceof Uint8Array || looksAtSamples(ref)) return editPixels(samples, sizeHw, rest)
  if (samples instanceof Uint16Array)
    return editPixels(
      Uint8Array.from(samples, sample => sample >> 8),
      sizeHw,
      rest,
    )
  throw new TaskError({
    code: 'bad-image',
    message: `${path} has samples that are no whole numbers of 8 or 16 bits; they cannot be shown as they are`,
    fix: 'spread them to 8 bits first: images/stretch',
  })
}

async function decodeRgb(bytes: Uint8Array, ref: ImageRef, path: string): Promise<RgbPixels> {
  const data = await decode(bytes, ref, path, picture =>
    picture.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }),
  )
  return { rgb: data, widthPx: ref.widthPx, heightPx: ref.heightPx }
}

/** Red, green and blue with all of their 16 bits. */
async function decodeDeep(bytes: Uint8Array, ref: ImageRef, path: string): Promise<Uint16Array> {
  const data = await decode(bytes, ref, path, picture =>
    picture.toColourspace('rgb16').removeAlpha().raw({ depth: 'ushort' }),
  )
  return new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
}

async function decode(
  bytes: Uint8Array,
  ref: ImageRef,
  path: string,
  convert: (picture: Sharp) => Sharp,
): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import('sharp')
  // The kernels run beside inference: one thread for a picture, and no cache that grows with the number of pictures.
  sharp.concurrency(1)
  sharp.cache(false)
  try {
    const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: ref.widthPx * ref.heightPx })
    const { data, info } = await convert(picture).toBuffer({ resolveWithObject: true })
    if (info.width !== ref.widthPx || info.height !== ref.heightPx || info.channels !== 3)
      throw new Error(`decoded to ${info.width} × ${info.height} × ${info.channels}`)
    return data as Uint8Array<ArrayBuffer>
  } catch (cause) {
    throw new TaskError(
      {
        code: 'bad-image',
        message: `${path} does not decode as ${ref.widthPx} × ${ref.heightPx} ${ref.format}: ${reason(cause)}`,
        fix: 'open the picture in a viewer; replace it if it is cut off or damaged',
      },
      { cause },
    )
  }
}

async function readSource(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new TaskError(
      { code: 'bad-image', message: `cannot read ${path}: ${reason(cause)}`, fix: 'put the file back and run again' },
      { cause },
    )
  }
}

/** What goes into the keys of nodes that decode pictures, read from the packages without loading them. */
export function sharpClass(): string {
  const require = createRequire(import.meta.url)
  // The package exports its entry only; its package.json lies one folder above.
  const packageFile = join(dirname(require.resolve('sharp')), '..', 'package.json')
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
  return `sharp@${version}/libvips@${libvipsVersion(require)}`
}

/** `system` when sharp runs on a libvips that is installed globally. */
function libvipsVersion(require: NodeJS.Require): string {
  for (const libc of ['', 'musl']) {
    try {
      const versions = require(`@img/sharp-libvips-${process.platform}${libc}-${process.arch}/versions`)
      return (versions as { vips: string }).vips
    } catch {
      // Only the package for this machine is installed.
    }
  }
  return 'system'
}

function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!
}

function short(digest: string): string {
  return `${digest.slice(0, 12)}…`
}
