import { shiftMirroredRois } from '../kernels/orientations.ts'
import { boxesIntoSquare, boxesToResized } from '../kernels/view-frame.ts'
import type { OpenModel } from '../model/open-model.ts'
import type { Handle, Tensor } from '../onnx/tensor.ts'
import type { Features, View } from '../values/features.ts'

/** Features as the detect nodes pass them on: the model that made them and the kept outputs of its backbone. */
export type ModelFeatures = Features<OpenModel, Handle>

/** JSON Schema of the parameter that moves the regions of mirrored views. */
export const ROI_SHIFT_SCHEMA = {
  type: 'number',
  minimum: 0,
  default: 0,
  description:
    'Pixels of the view by which regions are moved towards 0 along each mirrored axis, and clipped, before the head sees them; not added back. TheoViel’s Sartorius solution: 0.5, against what strides do to a mirrored picture.',
} as const

/** Boxes of the original image as regions of a view: to its size, mirrored like it, moved by `shiftPx` there, float32. */
export function roisInView(boxesXyxy: Float64Array, view: View, shiftPx = 0): Tensor {
  const boxes = boxesToResized(boxesXyxy.slice(), view)
  if (shiftPx > 0) shiftMirroredRois(boxes, view.flip, view.resizedHw, shiftPx)
  boxesIntoSquare(boxes, view)
  return { dims: [boxes.length / 4, 4], data: Float32Array.from(boxes) }
}

/** The kept feature maps as inputs of a head. */
export function featureFeeds(features: ModelFeatures): { [input: string]: { handle: Handle; output: string } } {
  return Object.fromEntries(features.model.backbone.features.map(output => [output, { handle: features.maps, output }]))
}
