/** The three-stage ensemble in the nodes of `small-registry`, to be used as `pipelines/three-stage.yaml`. */
export const threeStage = `maskloom: 1
params:
  models: { type: list, items: path }
  flips: { type: list, default: [none, horizontal] }
  weights: { type: map, default: {} }
  iou: { type: number, minimum: 0, maximum: 1, default: 0.5 }
inputs:
  images: { kind: image, per: item }
steps:
  propose:
    uses: detect/propose
    matrix: { model: "\${params.models}", flip: "\${params.flips}" }
    with: { model: "\${matrix.model}", flip: "\${matrix.flip}" }
    in: { images: images }
  proposals: { uses: ensemble/proposals, over: [model, flip], in: { proposals: propose.proposals } }
  heads: { uses: detect/boxes, matrix: propose, in: { features: propose.features, proposals: proposals.proposals } }
  mean: { uses: ensemble/boxes, over: [model, flip], with: { weights: "\${params.weights}" }, in: { boxes: heads.boxes } }
  detections: { uses: boxes/nms, with: { iou: "\${params.iou}" }, in: { boxes: mean.boxes } }
  roi_masks: { uses: detect/masks, matrix: propose, in: { features: propose.features, detections: detections.detections } }
  masks: { uses: ensemble/masks, over: [model, flip], in: { masks: roi_masks.masks, detections: detections.detections } }
outputs:
  instances: masks.instances
  boxes: mean.boxes
  proposals: propose.proposals
  features: propose.features
`

/** A runnable pipeline that uses it for leaves (two models) and parents (one). */
export const leafAndParent = `maskloom: 1
params:
  leaf_models: { type: list, items: path, default: [../models/L1, ../models/L2] }
  weights: { type: map, default: {} }
  iou: { type: number, default: 0.5 }
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  tree: { uses: hierarchy/read, with: { path: ../data/tree.json } }
  leaf: { uses: ./three-stage.yaml, in: { images: images.images }, with: { models: "\${params.leaf_models}", weights: "\${params.weights}", iou: "\${params.iou}" } }
  parent: { uses: ./three-stage.yaml, in: { images: images.images }, with: { models: [../models/P1] } }
  lifted: { uses: instances/expand, in: { instances: leaf.instances, hierarchy: tree.hierarchy } }
  all: { uses: instances/concat, in: { instances: [lifted.instances, parent.instances] } }
  count: { uses: evaluate/count, in: { values: all.instances } }
outputs:
  instances: all.instances
  table: count.table
`
