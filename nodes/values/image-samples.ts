import { TaskError } from '../../engine/base/diagnostic.ts'
import { rasterPart } from './edited-picture.ts'
import type { ImageRef } from './image.ts'
import { checkUnchanged, readGeotiffWindow, type Samples } from './read-geotiff.ts'
import { type ReadContext, readDeepSamples } from './read-image.ts'

/** Pixels that are held at once. */
const PIECE_PX = 4 * 1024 ** 2

/**
 * The samples of a picture as its file has them, red, green, blue, red, …, from top to bottom: pieces of a raster that may be
 * larger than the memory, all at once of any other picture.
 * @throws TaskError when the picture has been brought to 8 bits already (stretched, resized, painted).
 */
export async function* readSamples(ref: ImageRef, context: ReadContext): AsyncGenerator<Samples> {
  const { bands, window, rest } = rasterPart(ref)
  if (rest.length > 0)
    throw new TaskError({
      code: 'bad-value',
      message: `the samples of the file are asked for, but the picture is changed by ${rest[0]!.edit} already`,
      fix: 'look at samples (images/stretch) before anything else is done to the picture',
    })
  if (ref.format !== 'geotiff') {
    yield await readDeepSamples(ref, context)
    return
  }
  const path = context.sourcePath(ref.sha256)
  await checkUnchanged(path, ref.sha256, context)
  const rows = Math.max(1, Math.floor(PIECE_PX / window.widthPx))
  for (let y = 0; y < window.heightPx; y += rows) {
    const heightPx = Math.min(rows, window.heightPx - y)
    yield await readGeotiffWindow(path, { ...window, y: window.y + y, heightPx }, bands)
  }
}
