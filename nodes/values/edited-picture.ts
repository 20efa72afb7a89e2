import { cropPixels, fillBoxes, stretchSamples } from '../kernels/picture-edits.ts'
import { resizeCv2 } from '../kernels/resize-cv2.ts'
import type { ImageRef } from './image.ts'
import { editsSizeHw, type ImageEdit } from './image-edits.ts'
import type { RgbPixels } from './read-image.ts'

/** The picture as its file has it, without edits. */
export function unedited({ fileHw, edits: _edits, georeference: _place, ...ref }: ImageRef): ImageRef {
  return fileHw === undefined ? ref : { ...ref, heightPx: fileHw[0], widthPx: fileHw[1] }
}

/** What of a raster has to be read: which channels of which window, and the edits that remain. */
export interface RasterPart {
  readonly bands: readonly [number, number, number]
  readonly window: { readonly x: number; readonly y: number; readonly widthPx: number; readonly heightPx: number }
  readonly rest: readonly ImageEdit[]
}

/** Windows of windows are one; without a choice the first three channels are read, or the first three times. */
export function rasterPart(ref: ImageRef): RasterPart {
  const [heightPx, widthPx] = ref.fileHw ?? [ref.heightPx, ref.widthPx]
  let bands: RasterPart['bands'] = ref.channels >= 3 ? [0, 1, 2] : [0, 0, 0]
  let window = { x: 0, y: 0, widthPx, heightPx }
  const rest: ImageEdit[] = []
  for (const edit of ref.edits ?? []) {
    if (edit.edit === 'bands') bands = edit.bands
    else if (edit.edit === 'crop' && rest.every(({ edit: name }) => name === 'stretch'))
      window = { x: window.x + edit.x, y: window.y + edit.y, widthPx: edit.widthPx, heightPx: edit.heightPx }
    else rest.push(edit)
  }
  return { bands, window, rest }
}

/** Do the edits look at samples of more than 8 bits? Then `readRgb` must not cut them before. */
export function looksAtSamples({ edits = [] }: ImageRef): boolean {
  return edits.some(({ edit }) => edit === 'stretch')
}

/**
 * Runs the edits over decoded pixels: [height · width · 3]. The given array is not written to; it may be what is given
 * back when there is nothing to do.
 */
export function editPixels(
  pixels: Uint8Array | Uint16Array | Float32Array,
  fromHw: readonly [number, number],
  edits: readonly ImageEdit[],
): RgbPixels {
  let now = pixels
  let sizeHw = fromHw
  for (const edit of edits) {
    if (edit.edit === 'crop') now = cropPixels(now, 3, sizeHw, edit)
    else if (edit.edit === 'stretch') now = stretchSamples(now, 3, edit.low, edit.high)
    else if (edit.edit === 'resize') now = resizeCv2(asBytes(now), 3, sizeHw, [edit.heightPx, edit.widthPx])
    else if (edit.edit === 'fill') {
      now = now === pixels ? asBytes(now).slice() : asBytes(now)
      fillBoxes(now, sizeHw, edit.boxesXyxy, edit.rgb)
    } else throw new Error(`internal: ${edit.edit} is the business of whoever reads the file`)
    sizeHw = editsSizeHw([edit], sizeHw)
  }
  return { rgb: asBytes(now), heightPx: sizeHw[0], widthPx: sizeHw[1] }
}

function asBytes(pixels: Uint8Array | Uint16Array | Float32Array): Uint8Array {
  if (pixels instanceof Uint8Array) return pixels
  throw new Error('internal: samples of more than 8 bits were not stretched')
}
