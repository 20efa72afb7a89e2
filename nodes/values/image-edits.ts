import type { ImageRef } from './image.ts'

/**
 * What is changed when a picture is read. `bands`, `crop` and `stretch` come before all others, since they are about the
 * samples of the file; after them there are 8 bits of red, green and blue.
 */
export type ImageEdit =
  /** The file's channels that become red, green and blue, from 0. */
  | { readonly edit: 'bands'; readonly bands: readonly [number, number, number] }
  /** A window, in whole pixels of the picture so far. */
  | {
      readonly edit: 'crop'
      readonly x: number
      readonly y: number
      readonly widthPx: number
      readonly heightPx: number
    }
  /** A sample of value low becomes 0, high 255, linear between, by red, green and blue; rounded down, clipped. */
  | { readonly edit: 'stretch'; readonly low: Three; readonly high: Three }
  /** Bilinear, as `cv2.resize` does it on bytes. */
  | { readonly edit: 'resize'; readonly widthPx: number; readonly heightPx: number }
  /** Paints boxes: [4N] x1, y1, x2, y2, whole pixels, half-open, clipped to the picture. */
  | { readonly edit: 'fill'; readonly boxesXyxy: readonly number[]; readonly rgb: Three }

type Three = readonly [number, number, number]

type EditFields<Name extends ImageEdit['edit']> = Omit<Extract<ImageEdit, { edit: Name }>, 'edit'>

/** The window of a picture; it must lie inside. The georeference moves along. */
export function cropImage(image: ImageRef, window: EditFields<'crop'>): ImageRef {
  const { x, y } = window
  return withEdit(image, { edit: 'crop', ...window }, [1, x, 1, y])
}

/** The picture at another size. */
export function resizeImage(image: ImageRef, [heightPx, widthPx]: readonly [number, number]): ImageRef {
  if (heightPx === image.heightPx && widthPx === image.widthPx) return image
  return withEdit(image, { edit: 'resize', widthPx, heightPx }, [
    image.widthPx / widthPx,
    0,
    image.heightPx / heightPx,
    0,
  ])
}

/** The picture with its samples spread to 8 bits; not after `resizeImage` or `fillImage`. */
export function stretchImage(image: ImageRef, low: Three, high: Three): ImageRef {
  return withEdit(image, { edit: 'stretch', low, high })
}

/** The picture with other channels of its file as red, green and blue; only as the first edit. */
export function chooseBands(image: ImageRef, bands: Three): ImageRef {
  return withEdit(image, { edit: 'bands', bands })
}

/** The picture with boxes painted over, in whole pixels of its frame. */
export function fillImage(image: ImageRef, boxesXyxy: readonly number[], rgb: Three): ImageRef {
  return boxesXyxy.length === 0 ? image : withEdit(image, { edit: 'fill', boxesXyxy, rgb })
}

/** @param place columns and rows of the old picture: column = scale x · new column + shift x; [sx, tx, sy, ty]. */
function withEdit(image: ImageRef, edit: ImageEdit, [sx, tx, sy, ty]: readonly number[] = [1, 0, 1, 0]): ImageRef {
  const fileHw = image.fileHw ?? ([image.heightPx, image.widthPx] as const)
  const edits = [...(image.edits ?? []), edit]
  const problem = editProblem(edits, fileHw)
  if (problem !== undefined) throw new Error(`internal: ${problem}`)
  const [heightPx, widthPx] = editsSizeHw(edits, fileHw)
  const [a, b, c, d, e, f] = image.georeference?.affine ?? [1, 0, 0, 0, 1, 0]
  const affine = [a * sx!, b * sy!, a * tx! + b * ty! + c, d * sx!, e * sy!, d * tx! + e * ty! + f] as const
  const { georeference } = image
  return {
    ...image,
    widthPx,
    heightPx,
    fileHw,
    edits,
    ...(georeference && { georeference: { ...georeference, affine } }),
  }
}

/** [height, width] after the edits. */
export function editsSizeHw(edits: readonly ImageEdit[], fileHw: readonly [number, number]): readonly [number, number] {
  let sizeHw = fileHw
  for (const edit of edits) if (edit.edit === 'crop' || edit.edit === 'resize') sizeHw = [edit.heightPx, edit.widthPx]
  return sizeHw
}

/** What is wrong with the first bad edit, or undefined. */
export function editProblem(edits: readonly unknown[], fileHw: readonly number[]): string | undefined {
  let sizeHw = fileHw
  const done: string[] = []
  for (const [index, one] of edits.entries()) {
    const edit = (one ?? {}) as ImageEdit
    const wrong = problemOf(edit, sizeHw) ?? orderProblem(edit, done)
    if (wrong !== undefined) return `edit ${index} (${String(edit.edit)}): ${wrong}`
    if (edit.edit === 'crop' || edit.edit === 'resize') sizeHw = [edit.heightPx, edit.widthPx]
    done.push(edit.edit)
  }
  return undefined
}

function problemOf(edit: ImageEdit, [height, width]: readonly number[]): string | undefined {
  switch (edit.edit) {
    case 'bands':
      return isNumbers(edit.bands, 3) && edit.bands.every(isCount) ? undefined : 'expected three channels from 0'
    case 'crop': {
      const { x, y, widthPx, heightPx } = edit
      const whole = [x, y, widthPx - 1, heightPx - 1].every(isCount)
      return whole && x + widthPx <= width! && y + heightPx <= height!
        ? undefined
        : `${widthPx} × ${heightPx} at ${x}, ${y} is no window of whole pixels inside ${width} × ${height}`
    }
    case 'stretch':
      return isNumbers(edit.low, 3) && isNumbers(edit.high, 3) && edit.low.every((low, i) => low <= edit.high[i]!)
        ? undefined
        : 'expected three numbers low and three high, low ≤ high'
    case 'resize':
      return [edit.widthPx - 1, edit.heightPx - 1].every(isCount) ? undefined : 'expected whole sides from 1'
    case 'fill':
      return isNumbers(edit.rgb, 3) && Array.isArray(edit.boxesXyxy) && edit.boxesXyxy.length % 4 === 0
        ? edit.boxesXyxy.every(Number.isSafeInteger)
          ? undefined
          : 'boxes are of whole pixels'
        : 'expected boxes of four numbers and a colour of three'
    default:
      return 'there is no such edit'
  }
}

function orderProblem({ edit }: ImageEdit, done: readonly string[]): string | undefined {
  if (edit === 'bands' && done.length > 0) return 'channels are chosen first of all'
  if (edit !== 'stretch') return undefined
  const before = done.find(name => name !== 'bands' && name !== 'crop')
  return before === undefined ? undefined : `samples are spread before ${before}, not after`
}

function isNumbers(list: unknown, count: number): list is readonly number[] {
  return Array.isArray(list) && list.length === count && list.every(Number.isFinite)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
