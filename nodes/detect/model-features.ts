import { flipBoxes, scaleBoxes } from '../kernels/box-geometry.ts'
import type { OpenModel } from '../model/open-model.ts'
import type { Handle, Tensor } from '../onnx/tensor.ts'
import type { Features, View } from '../values/features.ts'

/** Features as the detect nodes pass them on: the model that made them and the kept outputs of its backbone. */
export type ModelFeatures = Features<OpenModel, Handle>

/** Boxes of the original image as regions of a view: to its size, mirrored like it, float32. */
export function roisInView(boxesXyxy: Float64Array, view: View): Tensor {
  const { frameHw, resizedHw, flip } = view
  const boxes = scaleBoxes(boxesXyxy.slice(), resizedHw[1] / frameHw[1], resizedHw[0] / frameHw[0])
  return { dims: [boxes.length / 4, 4], data: Float32Array.from(flipBoxes(boxes, flip, resizedHw)) }
}

/** The kept feature maps as inputs of a head. */
export function featureFeeds(features: ModelFeatures): { [input: string]: { handle: Handle; output: string } } {
  return Object.fromEntries(features.model.backbone.features.map(output => [output, { handle: features.maps, output }]))
}
