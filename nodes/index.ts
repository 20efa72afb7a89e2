import type { Kind } from '../engine/contract/kind.ts'
import type { NodeDefinition } from '../engine/contract/node.ts'
import type { Registry } from '../engine/contract/registry.ts'
import { annotationsCoco } from './annotations/coco.ts'
import { annotationsGeojson } from './annotations/geojson.ts'
import { annotationsKaggleRle } from './annotations/kaggle-rle.ts'
import { annotationsOpenImages } from './annotations/open-images.ts'
import { annotationsOpenImagesTable } from './annotations/open-images-table.ts'
import { annotationsStatistics } from './annotations/statistics.ts'
import { annotationsValidate } from './annotations/validate.ts'
import { annotationsYoloSeg } from './annotations/yolo-seg.ts'
import { boxesMatrixNms } from './boxes/matrix-nms.ts'
import { boxesNmm } from './boxes/nmm.ts'
import { boxesNms } from './boxes/nms.ts'
import { boxesNmw } from './boxes/nmw.ts'
import { boxesSoftNms } from './boxes/soft-nms.ts'
import { boxesWbf } from './boxes/wbf.ts'
import { calibrateFile } from './calibrate/file.ts'
import { calibrateFit } from './calibrate/fit.ts'
import { commandRun } from './command/run.ts'
import { datasetCoco } from './dataset/coco.ts'
import { datasetMaskPictures } from './dataset/mask-pictures.ts'
import { datasetOpenImages } from './dataset/open-images.ts'
import { datasetYoloIndex } from './dataset/yolo-index.ts'
import { datasetYoloLabels } from './dataset/yolo-labels.ts'
import { detectBoxes } from './detect/boxes.ts'
import { detectMasks } from './detect/masks.ts'
import { detectPropose } from './detect/propose.ts'
import { ensembleBoxes } from './ensemble/boxes.ts'
import { ensembleMasks } from './ensemble/masks.ts'
import { ensembleProposals } from './ensemble/proposals.ts'
import { ensembleRpn } from './ensemble/rpn.ts'
import { evaluateAblation } from './evaluate/ablation.ts'
import { evaluateCells } from './evaluate/cells.ts'
import { evaluateCoco } from './evaluate/coco.ts'
import { evaluateErrors } from './evaluate/errors.ts'
import { evaluateLvis } from './evaluate/lvis.ts'
import { evaluateMatching } from './evaluate/matching.ts'
import { evaluateOpenImages } from './evaluate/open-images.ts'
import { evaluatePixels } from './evaluate/pixels.ts'
import { evaluateTable } from './evaluate/table.ts'
import { hierarchyExpand } from './hierarchy/expand.ts'
import { hierarchyLayer } from './hierarchy/layer.ts'
import { hierarchyLevels } from './hierarchy/levels.ts'
import { hierarchyOpenImages } from './hierarchy/open-images.ts'
import { imagesCellType } from './images/cell-type.ts'
import { imagesChips } from './images/chips.ts'
import { imagesFillBoxes } from './images/fill-boxes.ts'
import { imagesFolder } from './images/folder.ts'
import { imagesGeotiff } from './images/geotiff.ts'
import { imagesLimit } from './images/limit.ts'
import { imagesMajorityClass } from './images/majority-class.ts'
import { imagesStretch } from './images/stretch.ts'
import { imagesTiles } from './images/tiles.ts'
import { imagesToFile } from './images/to-file.ts'
import { instancesCalibrate } from './instances/calibrate.ts'
import { instancesConcat } from './instances/concat.ts'
import { instancesFilter } from './instances/filter.ts'
import { instancesFromLabelMap } from './instances/from-label-map.ts'
import { instancesOpenImagesCsv } from './instances/open-images-csv.ts'
import { instancesRelabel } from './instances/relabel.ts'
import { instancesRoundScores } from './instances/round-scores.ts'
import { masksComponents } from './masks/components.ts'
import { masksCutToPicture } from './masks/cut-to-picture.ts'
import { masksDropSmall } from './masks/drop-small.ts'
import { masksFillHoles } from './masks/fill-holes.ts'
import { masksFuseSources } from './masks/fuse-sources.ts'
import { masksMorphology } from './masks/morphology.ts'
import { masksNms } from './masks/nms.ts'
import { masksOverlapRemoval } from './masks/overlap-removal.ts'
import { masksRefillOutlines } from './masks/refill-outlines.ts'
import { masksToLabelMapFile } from './masks/to-label-map.ts'
import { masksToPicture } from './masks/to-picture.ts'
import { masksVote } from './masks/vote.ts'
import { masksWbf } from './masks/wbf.ts'
import { modelsAssemble } from './models/assemble.ts'
import { modelsFolder } from './models/folder.ts'
import { onnxruntimeClass } from './onnx/device.ts'
import { semanticInfer } from './semantic/infer.ts'
import { semanticMean } from './semantic/mean.ts'
import { semanticNegatives } from './semantic/negatives.ts'
import { semanticPicture } from './semantic/picture.ts'
import { semanticStitch } from './semantic/stitch.ts'
import { semanticThreshold } from './semantic/threshold.ts'
import { splitsFolds } from './splits/folds.ts'
import { splitsIdPart } from './splits/id-part.ts'
import { splitsShards } from './splits/shards.ts'
import { submissionCoco } from './submission/coco.ts'
import { submissionGeojson } from './submission/geojson.ts'
import { submissionKaggleRle } from './submission/kaggle-rle.ts'
import { submissionOpenImages } from './submission/open-images.ts'
import { submissionOpenImagesJoin } from './submission/open-images-join.ts'
import { submissionOpenImagesShards } from './submission/open-images-shards.ts'
import { trainingEpochList } from './training/epoch-list.ts'
import { trainingEpochOrder } from './training/epoch-order.ts'
import { trainingFirstOfClass } from './training/first-of-class.ts'
import { trainingRebalance } from './training/rebalance.ts'
import { tuneEnsemble } from './tune/ensemble.ts'
import { tuneSearch } from './tune/search.ts'
import { boxesKind } from './values/boxes.ts'
import { calibrationKind } from './values/calibration.ts'
import { classesKind } from './values/classes.ts'
import { detectionsKind } from './values/detections.ts'
import { featuresKind } from './values/features.ts'
import { fileKind } from './values/file.ts'
import { hierarchyKind } from './values/hierarchy.ts'
import { imageKind } from './values/image.ts'
import { instancesKind } from './values/instances.ts'
import { labelKind } from './values/label.ts'
import { metricsKind } from './values/metrics.ts'
import { modelKind } from './values/model.ts'
import { proposalsKind } from './values/proposals.ts'
import { sharpClass } from './values/read-image.ts'
import { roiMasksKind } from './values/roi-masks.ts'
import { rpnKind } from './values/rpn.ts'
import { selectionKind } from './values/selection.ts'
import { semanticKind } from './values/semantic.ts'
import { tableKind } from './values/table.ts'
import { weightsKind } from './values/weights.ts'
import { viewAnnotationSheet } from './view/annotation-sheet.ts'
import { viewContactSheet } from './view/contact-sheet.ts'
import { viewOverlay } from './view/overlay.ts'
import { weightsFile } from './weights/file.ts'

/** All nodes and kinds Maskloom comes with. Adding a node is one import and one entry here. */
const nodes: readonly NodeDefinition[] = [
  annotationsCoco,
  annotationsGeojson,
  annotationsKaggleRle,
  annotationsOpenImages,
  annotationsStatistics,
  annotationsValidate,
  annotationsOpenImagesTable,
  annotationsYoloSeg,
  boxesMatrixNms,
  boxesNmm,
  boxesNms,
  boxesNmw,
  boxesSoftNms,
  boxesWbf,
  calibrateFile,
  calibrateFit,
  commandRun,
  datasetCoco,
  datasetMaskPictures,
  datasetOpenImages,
  datasetYoloIndex,
  datasetYoloLabels,
  detectBoxes,
  detectMasks,
  detectPropose,
  ensembleBoxes,
  ensembleMasks,
  ensembleProposals,
  ensembleRpn,
  evaluateAblation,
  evaluateCells,
  evaluateCoco,
  evaluateErrors,
  evaluateLvis,
  evaluateMatching,
  evaluateOpenImages,
  evaluatePixels,
  evaluateTable,
  hierarchyExpand,
  hierarchyLayer,
  hierarchyLevels,
  hierarchyOpenImages,
  imagesCellType,
  imagesFillBoxes,
  imagesChips,
  imagesFolder,
  imagesGeotiff,
  imagesLimit,
  imagesMajorityClass,
  imagesStretch,
  instancesCalibrate,
  imagesTiles,
  imagesToFile,
  instancesConcat,
  instancesFilter,
  instancesFromLabelMap,
  instancesOpenImagesCsv,
  instancesRelabel,
  instancesRoundScores,
  masksComponents,
  masksCutToPicture,
  masksDropSmall,
  masksFillHoles,
  masksFuseSources,
  masksMorphology,
  masksNms,
  masksOverlapRemoval,
  masksRefillOutlines,
  masksToLabelMapFile,
  masksToPicture,
  masksVote,
  masksWbf,
  semanticInfer,
  semanticMean,
  semanticNegatives,
  semanticPicture,
  semanticStitch,
  semanticThreshold,
  modelsAssemble,
  modelsFolder,
  splitsFolds,
  splitsIdPart,
  splitsShards,
  submissionCoco,
  submissionGeojson,
  submissionKaggleRle,
  submissionOpenImages,
  submissionOpenImagesJoin,
  submissionOpenImagesShards,
  viewAnnotationSheet,
  trainingEpochList,
  trainingEpochOrder,
  trainingRebalance,
  trainingFirstOfClass,
  tuneEnsemble,
  tuneSearch,
  viewContactSheet,
  viewOverlay,
  weightsFile,
]

const kinds = [
  boxesKind,
  calibrationKind,
  classesKind,
  detectionsKind,
  featuresKind,
  fileKind,
  hierarchyKind,
  imageKind,
  instancesKind,
  labelKind,
  metricsKind,
  modelKind,
  proposalsKind,
  roiMasksKind,
  rpnKind,
  selectionKind,
  semanticKind,
  tableKind,
  weightsKind,
] as readonly Kind[]

export const registry: Registry = {
  url: import.meta.url,
  nodes: new Map(nodes.map(node => [node.name, node])),
  kinds: new Map(kinds.map(kind => [kind.name, kind])),
  runtimes: new Map([
    ['onnxruntime', onnxruntimeClass],
    ['sharp', sharpClass],
  ]),
}
