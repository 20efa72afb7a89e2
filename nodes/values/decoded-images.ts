import type { RunContext } from '../../engine/contract/node.ts'
import { editPixels, looksAtSamples, unedited } from './edited-picture.ts'
import type { ImageRef } from './image.ts'
import { type RgbPixels, readRgb } from './read-image.ts'

/** Pictures kept decoded between tasks, together; at least the latest one. */
const KEEP_BYTES = 128 * 1024 ** 2
const KEEP_PICTURES = 4

/**
 * `readRgb` for nodes that look at one picture many times (twelve views of it): the worker keeps the last few decoded.
 * The pixels are shared, so nobody may write to them.
 */
export async function readRgbOnce(
  ref: ImageRef,
  context: Pick<RunContext, 'sourcePath' | 'resource'>,
): Promise<RgbPixels> {
  const { pictures } = await context.resource('decoded pictures', async () => {
    const pictures = new Map<string, Decoded>()
    return { pictures, close: async () => pictures.clear() }
  })
  const name = `${ref.sha256} ${JSON.stringify(ref.edits ?? [])}`
  const picture = pictures.get(name) ?? { pixels: read(ref, context), bytes: 3 * ref.widthPx * ref.heightPx }
  // A Map keeps insertion order: the latest comes last.
  pictures.delete(name)
  pictures.set(name, picture)
  picture.pixels.catch(() => pictures.delete(name))
  let bytes = 0
  for (const [age, one] of [...pictures.keys()].reverse().entries()) {
    bytes += pictures.get(one)?.bytes ?? 0
    if (age > 0 && (age >= KEEP_PICTURES || bytes > KEEP_BYTES)) pictures.delete(one)
  }
  return picture.pixels
}

/** Chips of one picture share its decoded file. */
async function read(ref: ImageRef, context: Pick<RunContext, 'sourcePath' | 'resource'>): Promise<RgbPixels> {
  if (ref.edits === undefined || ref.format === 'geotiff' || looksAtSamples(ref)) return readRgb(ref, context)
  const { rgb, heightPx, widthPx } = await readRgbOnce(unedited(ref), context)
  return editPixels(rgb, [heightPx, widthPx], ref.edits)
}

interface Decoded {
  readonly pixels: Promise<RgbPixels>
  readonly bytes: number
}
