import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { GeoTIFFImage } from 'geotiff'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { openSha256 } from '../../engine/base/digest.ts'
import type { RunContext } from '../../engine/contract/node.ts'
import { georeferenceOf } from './geotiff-georeference.ts'
import { openGeotiffSource } from './geotiff-source.ts'
import type { Georeference } from './image.ts'

/** What the header of a TIFF says about its first picture. */
export interface GeotiffHeader {
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: number
  readonly bitDepth: 8 | 16 | 32
  /** Whole numbers from 0: can be shown without a stretch. */
  readonly unsigned: boolean
  readonly georeference: Georeference | undefined
}

export type Samples = Uint8Array | Uint16Array | Float32Array

/** A block (tile or strip) that would fill more than this when it is unpacked is refused. */
const MOST_BLOCK_BYTES = 256 * 1024 ** 2

/** @throws TaskError `bad-image` naming the file and what its header lacks. */
export function readGeotiffHeader(path: string): Promise<GeotiffHeader> {
  return withImage(path, image => headerOf(image))
}

/**
 * The samples of a window, [height · width · bands] interleaved; only the blocks that it touches are read. Eight and sixteen
 * bits without sign stay what they are, all others become float32. Pictures in YCbCr or with a palette are turned into RGB.
 * @param bands channels of the file, from 0.
 * @throws TaskError `bad-image` when the file is cut off, lies about itself or is packed in a way that is not known.
 */
export function readGeotiffWindow(
  path: string,
  window: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number },
  bands: readonly number[],
): Promise<Samples> {
  return withImage(path, async image => {
    const { x, y, widthPx, heightPx } = window
    const { widthPx: width, heightPx: height, channels } = headerOf(image)
    if (x + widthPx > width || y + heightPx > height)
      throw new Error(`it is ${width} × ${height}, smaller than planned`)
    const options = { window: [x, y, x + widthPx, y + heightPx], interleave: true as const }
    const kept = bands.every(band => band < channels)
    if (!kept) throw new Error(`it has ${channels} channels, asked for was number ${Math.max(...bands)} (from 0)`)
    const photometric = image.fileDirectory.getValue('PhotometricInterpretation') ?? 1
    // YCbCr and palettes: three channels come out, whatever is stored.
    if (photometric === 6 || photometric === 3) return asSamples(await image.readRGB(options))
    if (photometric > 2)
      throw new Error(`its colours are of kind ${photometric}; expected grey, RGB, YCbCr or a palette`)
    return asSamples(await image.readRasters({ ...options, samples: [...bands] }))
  })
}

/**
 * Makes sure that the file still is what was planned, reading it piece by piece; once per worker as long as nobody touches it.
 * @throws TaskError `input-changed`.
 */
export async function checkUnchanged(
  path: string,
  planned: string,
  context: Partial<Pick<RunContext, 'resource'>>,
): Promise<void> {
  const { known } = (await context.resource?.('unchanged rasters', async () => {
    const known = new Map<string, string>()
    return { known, close: async () => known.clear() }
  })) ?? { known: new Map<string, string>() }
  const { size, mtimeMs, ino } = await stat(path).catch((cause: Error) => {
    throw bad(path, `cannot be read: ${cause.message}`, cause)
  })
  const state = `${size} ${mtimeMs} ${ino} ${planned}`
  if (known.get(path) === state) return
  const hash = openSha256()
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array)
  const found = hash.digest()
  if (found !== planned)
    throw new TaskError({
      code: 'input-changed',
      message: `${path} changed while it was being used: its sha256 is ${found.slice(0, 12)}…, planned was ${planned.slice(0, 12)}…`,
      fix: 'run again: the new content is planned and only what depends on it is computed',
    })
  known.set(path, state)
}

async function withImage<T>(path: string, use: (image: GeoTIFFImage) => T | Promise<T>): Promise<T> {
  const { GeoTIFF } = await import('geotiff')
  const { source, allow } = await openGeotiffSource(path).catch((cause: Error) => {
    throw bad(path, `cannot be opened: ${cause.message}`, cause)
  })
  try {
    const file = await GeoTIFF.fromSource(source as never)
    const image = await file.getImage(0)
    allow(2 * blockBytes(image) + 65536)
    return await use(image)
  } catch (cause) {
    if (cause instanceof TaskError) throw cause
    const reason = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!
    throw bad(path, `is no TIFF that can be read: ${reason}`, cause)
  } finally {
    await source.close()
  }
}

function headerOf(image: GeoTIFFImage): GeotiffHeader {
  const [widthPx, heightPx, channels] = [image.getWidth(), image.getHeight(), image.getSamplesPerPixel()]
  const bits = image.getBitsPerSample()
  const format = image.getSampleFormat()
  if (![widthPx, heightPx, channels].every(side => Number.isSafeInteger(side) && side >= 1))
    throw new Error(`its size is ${widthPx} × ${heightPx} with ${channels} channels`)
  const listed = image.fileDirectory.getValue('BitsPerSample') as ArrayLike<number> | number | undefined
  const described = typeof listed === 'object' ? listed.length : 1
  if (listed !== undefined && described !== channels)
    throw new Error(`it has ${channels} channels and describes ${described}`)
  if (widthPx * heightPx > 0xffffffff) throw new Error(`${widthPx} × ${heightPx} are more pixels than 4294967295`)
  if (![8, 16, 32].includes(bits) || ![1, 2, 3].includes(format))
    throw new Error(`its samples have ${bits} bits (format ${format}); expected 8, 16 or 32 bits`)
  return {
    widthPx,
    heightPx,
    channels,
    bitDepth: bits as 8 | 16 | 32,
    unsigned: format === 1 && bits < 32,
    georeference: georeferenceOf(image),
  }
}

/** @throws Error when one block would not fit. */
function blockBytes(image: GeoTIFFImage): number {
  const bytes = image.getTileWidth() * image.getTileHeight() * image.getBytesPerPixel()
  if (bytes > 0 && bytes <= MOST_BLOCK_BYTES) return bytes
  throw new Error(
    `one block of ${image.getTileWidth()} × ${image.getTileHeight()} pixels fills ${bytes} bytes, ${MOST_BLOCK_BYTES} are the most; write it in tiles (gdal_translate -co TILED=YES)`,
  )
}

/** Plain arrays: the reader hangs fields onto its own. */
function asSamples(data: ArrayLike<number>): Samples {
  if (data instanceof Uint8Array) return new Uint8Array(data.buffer, data.byteOffset, data.length)
  if (data instanceof Uint16Array) return new Uint16Array(data.buffer, data.byteOffset, data.length)
  return Float32Array.from(data)
}

function bad(path: string, what: string, cause: unknown): TaskError {
  return new TaskError(
    {
      code: 'bad-image',
      message: `${path} ${what}`,
      fix: 'open it in a viewer (gdalinfo, QGIS); replace it if it is damaged',
    },
    { cause },
  )
}
