import type { AnchorLevel } from '../kernels/anchors.ts'
import type { DeltaClamp } from '../kernels/box-coder.ts'
import type { Normalisation } from '../kernels/resize-torch.ts'
import type { RpnRules } from '../kernels/rpn.ts'
import type { ClassList } from '../values/classes.ts'

/** What model.yaml says, checked and in this program's words. `schemas/model.schema.json` describes each field. */
export interface TwoStageModel {
  readonly name: string
  /** In label order. */
  readonly classes: ClassList
  /** [K] column of the class logits of each class. */
  readonly columns: readonly number[]
  readonly backgroundIndex: number
  readonly inputName: string
  readonly normalisation: Normalisation
  readonly padToMultiple: number
  readonly shorterSidePx: number
  readonly longerSidePx: number
  readonly backbone: BackboneGraph
  readonly rpn: RpnRules
  readonly box: BoxHead
  readonly mask?: MaskHead
}

export interface BackboneGraph {
  readonly file: string
  /** Outputs that the heads take as inputs of the same name. */
  readonly features: readonly string[]
  readonly levels: readonly (AnchorLevel & { readonly objectness: string; readonly deltas: string })[]
}

export interface BoxHead {
  readonly file: string
  readonly rois: string
  readonly classLogits: string
  readonly boxDeltas: string
  readonly deltaWeights: readonly [number, number, number, number]
  readonly clampLogSize: number
  readonly clamp: DeltaClamp
  readonly classBoxes: 'per-class' | 'shared'
}

export interface MaskHead {
  readonly file: string
  readonly rois: string
  readonly maskLogits: string
  readonly sizePx: number
  readonly classMasks: 'per-class' | 'shared'
}

/** A problem in model.yaml or in a graph, in words that name the place. */
export interface ModelProblem {
  readonly message: string
  readonly fix?: string
}
