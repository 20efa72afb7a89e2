import { TaskError } from '../../engine/base/diagnostic.ts'
import type { RunContext } from '../../engine/contract/node.ts'
import type { Flip } from '../kernels/box-geometry.ts'
import { activateChannels } from '../kernels/plane-activation.ts'
import { type InverseOrder, type PlaneView, transposePlane, undoView } from '../kernels/plane-views.ts'
import { resizeCv2 } from '../kernels/resize-cv2.ts'
import { joinPlanes, resizePlanes } from '../kernels/resize-planes.ts'
import { resizeTorch } from '../kernels/resize-torch.ts'
import type { MapOutput, SemanticModel } from '../model/semantic-model.ts'
import { type SemanticScale, semanticViewHw } from '../model/semantic-view-size.ts'
import type { Tensor } from '../onnx/tensor.ts'
import { readRgbOnce } from '../values/decoded-images.ts'
import type { ImageRef } from '../values/image.ts'
import type { Semantic, SemanticMap } from '../values/semantic.ts'
import { type MapSize, mapSizeHw } from './map-size.ts'

export interface ViewParams {
  readonly scale: SemanticScale
  readonly flip: Flip
  readonly transpose: boolean
  readonly tta_inverse: InverseOrder
  readonly map_size: MapSize
  readonly precision: 'f32' | 'u8'
}

/** A picture as a network gets it. */
export interface ShownPicture {
  readonly frameHw: readonly [number, number]
  /** [height, width] in the view, before padding. */
  readonly resizedHw: readonly [number, number]
  readonly input: Tensor
}

/** Mirrored, exchanged, resized, normalised, padded. */
export async function showPicture(
  image: ImageRef,
  model: SemanticModel,
  params: ViewParams,
  context: RunContext,
): Promise<ShownPicture> {
  const { rgb, widthPx, heightPx } = await readRgbOnce(image, context)
  const frameHw = [heightPx, widthPx] as const
  const shownHw = params.transpose ? ([widthPx, heightPx] as const) : frameHw
  const shown = params.transpose ? transposePlane(rgb, frameHw, 3) : rgb
  // Mirroring first and exchanging then is exchanging first and mirroring the other axis then.
  const flip = params.transpose ? exchanged[params.flip] : params.flip
  const resizedHw = semanticViewHw(model, params.scale, shownHw)
  const { padToMultiple, normalisation } = model
  const input =
    model.interpolation === 'cv2'
      ? resizeTorch(resizeCv2(shown, 3, shownHw, resizedHw), resizedHw, resizedHw, padToMultiple, normalisation, flip)
      : resizeTorch(shown, shownHw, resizedHw, padToMultiple, normalisation, flip)
  return { frameHw, resizedHw, input }
}

const exchanged: { readonly [flip in Flip]: Flip } = {
  none: 'none',
  horizontal: 'vertical',
  vertical: 'horizontal',
  'rotate-180': 'rotate-180',
}

/** What the network said about one picture, laid back into its frame. @param tensors [1, …] by output name. */
export function readAnswer(
  shown: ShownPicture,
  tensors: { readonly [output: string]: Tensor },
  model: SemanticModel,
  wanted: readonly MapOutput[],
  params: ViewParams,
): Semantic {
  const maps = wanted.map(map => [map.name, readMap(shown, tensors[map.output]!, map, params)] as const)
  const vectors = model.vectors.map(({ name, output, activation }) => {
    const { data } = tensors[output]!
    return [name, activateChannels(data, data.length, activation, [...data.keys()])] as const
  })
  return { frameHw: shown.frameHw, maps: Object.fromEntries(maps), vectors: Object.fromEntries(vectors) }
}

function readMap(
  { frameHw, resizedHw, input }: ShownPicture,
  tensor: Tensor,
  map: MapOutput,
  params: ViewParams,
): SemanticMap {
  const [, channelCount, height, width] = tensor.dims as [number, number, number, number]
  const missing = map.channels.find(channel => channel >= channelCount)
  if (missing !== undefined)
    throw new TaskError({
      code: 'bad-model',
      message: `output ${map.output} has ${channelCount} channels; map ${map.name} asks for index ${missing}`,
    })
  const probabilities = activateChannels(tensor.data, channelCount, map.activation, map.channels)
  const paddedHw = [input.dims[2]!, input.dims[3]!] as const
  let sizeHw: readonly [number, number] = [height, width]
  let planes: readonly Float32Array[] = map.channels.map((_, k) =>
    probabilities.subarray(k * height * width, (k + 1) * height * width),
  )
  if (paddedHw[0] !== resizedHw[0] || paddedHw[1] !== resizedHw[1]) {
    // The map covers the padding too; only at the input's own size it can be cut off at a whole pixel.
    planes = resizePlanes(planes, sizeHw, paddedHw, 'torch').map(plane => cutOff(plane, paddedHw[1], resizedHw))
    sizeHw = resizedHw
  }
  const view: PlaneView = { flip: params.flip, transpose: params.transpose }
  const laid = planes.map(plane => undoView(plane, sizeHw, view, params.tta_inverse))
  const ownHw = laid[0]!.sizeHw
  const toHw = mapSizeHw(params.map_size, ownHw, frameHw)
  const values = resizePlanes(
    laid.map(({ plane }) => plane),
    ownHw,
    toHw,
    'torch',
  )
  return { sizeHw: toHw, values: joinPlanes(values, params.precision) }
}

function cutOff(plane: Float32Array, width: number, [toHeight, toWidth]: readonly [number, number]): Float32Array {
  const out = new Float32Array(toHeight * toWidth)
  for (let y = 0; y < toHeight; y++) out.set(plane.subarray(y * width, y * width + toWidth), y * toWidth)
  return out
}
