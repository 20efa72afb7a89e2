import { cropMasks } from '../kernels/mask-crop.ts'
import { resizeMasksBilinear } from '../kernels/mask-resize.ts'
import { maskAreas, maskBoxesXyxy } from '../kernels/rle.ts'
import type { ImageRef } from '../values/image.ts'
import { cropImage, resizeImage } from '../values/image-edits.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'

export interface Window {
  readonly x: number
  readonly y: number
  readonly widthPx: number
  readonly heightPx: number
}

/** [height, width] of a window whose sides are divided by `scale` and rounded down, at least 1. */
export function chipSizeHw({ widthPx, heightPx }: Window, scale: number): readonly [number, number] {
  return [Math.max(1, Math.floor(heightPx / scale)), Math.max(1, Math.floor(widthPx / scale))]
}

/** The window as a picture of its own. */
export function cutImage(image: ImageRef, window: Window, sizeHw: readonly [number, number]): ImageRef {
  const { x, y, widthPx, heightPx } = window
  const isWhole = x === 0 && y === 0 && widthPx === image.widthPx && heightPx === image.heightPx
  return resizeImage(isWhole ? image : cropImage(image, window), sizeHw)
}

/**
 * The instances in the frame of the window: masks cut and resized (bilinear as cv2, foreground above a half), boxes those of
 * the masks; what has no pixel left is gone.
 */
export function cutInstances(instances: Instances, window: Window, sizeHw: readonly [number, number]): Instances {
  const cropped = cropMasks(instances.masks, window)
  const isSame = cropped.sizeHw[0] === sizeHw[0] && cropped.sizeHw[1] === sizeHw[1]
  const masks = isSame ? cropped : resizeMasksBilinear(cropped, sizeHw, 0.5, 'cv2')
  const areasPx = maskAreas(masks)
  const kept = [...areasPx.keys()].filter(i => areasPx[i]! > 0)
  const { areasPx: _stated, ...rest } = instances
  const chosen = selectInstances({ ...rest, sizeHw, masks, boxesXyxy: maskBoxesXyxy(masks) }, kept)
  return chosen
}
