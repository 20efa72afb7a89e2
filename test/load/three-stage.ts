/** A complete pipeline for tests of loading: every part of the language once. */
export const threeStage = `# yaml-language-server: $schema=../schemas/pipeline.schema.json
maskloom: 1
name: three-stage
description: Average several detectors at three stages.
env: [DATA_ROOT]
params:
  models: { type: list, items: path }
  scales: { type: list, default: [208, { id: wide, fit: [1333, 800] }] }
  weights: { type: map, default: {} }
  box_nms_iou: { type: number, minimum: 0, maximum: 1, default: 0.5 }
inputs:
  images: { kind: image, per: item }
steps:
  propose:
    uses: detect/propose
    matrix: { model: "\${params.models}", scale: "\${params.scales}", flip: [none, horizontal], where: { flip: [none] }, add: [{ model: x, scale: 208, flip: horizontal }] }
    with: &view { model: "\${matrix.model}", scale: "\${matrix.scale.fit}", flip: "\${matrix.flip}" }
    in: { images: images }
    store: { proposals: auto }
  proposals:
    uses: ensemble/proposals
    over: [model, scale, flip]
    in: { proposals: [propose.proposals, { from: propose.proposals, where: { scale: 208 } }] }
  heads:
    uses: detect/boxes
    matrix: propose
    in: { features: propose.features, proposals: proposals.proposals }
  single:
    uses: ./single.yaml
    matrix: { rows: [{ id: a, model: m.onnx }, b] }
    with: { <<: *view, model: "\${matrix.row.model}", root: "\${env.DATA_ROOT}/a", iou: "\${params.box_nms_iou}", flip: none, scale: 1 }
    items: { from: heads.type, equals: astro }
    join: inner
outputs:
  boxes: { from: heads.boxes, where: { flip: none } }
  more: single.boxes
`
