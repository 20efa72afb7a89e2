import type { RunContext } from '../../engine/contract/node.ts'
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
  const picture = pictures.get(ref.sha256) ?? { pixels: readRgb(ref, context), bytes: 3 * ref.widthPx * ref.heightPx }
  // A Map keeps insertion order: the latest comes last.
  pictures.delete(ref.sha256)
  pictures.set(ref.sha256, picture)
  picture.pixels.catch(() => pictures.delete(ref.sha256))
  let bytes = 0
  for (const [age, sha256] of [...pictures.keys()].reverse().entries()) {
    bytes += pictures.get(sha256)?.bytes ?? 0
    if (age > 0 && (age >= KEEP_PICTURES || bytes > KEEP_BYTES)) pictures.delete(sha256)
  }
  return picture.pixels
}

interface Decoded {
  readonly pixels: Promise<RgbPixels>
  readonly bytes: number
}
