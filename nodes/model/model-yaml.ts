/** model.yaml as its schema lets it through: the names on disk, before they become a `TwoStageModel`. */
export interface ModelYaml {
  readonly maskloom_model: 1
  readonly name: string
  readonly description?: string
  readonly family: 'two-stage'
  readonly coordinates: 'half-open' | 'inclusive'
  readonly classes: readonly { readonly index: number; readonly id: string; readonly name: string }[]
  readonly background_index: number
  readonly input: {
    readonly name: string
    readonly channel_order: 'rgb' | 'bgr'
    readonly value_range: [number, number]
    readonly mean: readonly number[]
    readonly std: readonly number[]
    readonly pad_to_multiple: number
  }
  readonly resize: {
    readonly shorter_side: number
    readonly longer_side: number
    readonly semantics: 'torch'
    readonly rounding: 'floor'
  }
  readonly backbone: {
    readonly file: string
    readonly features: readonly string[]
    readonly levels: readonly {
      readonly objectness: string
      readonly deltas: string
      readonly stride: number
      readonly sizes: readonly number[]
      readonly ratios: readonly number[]
    }[]
  }
  readonly rpn: {
    readonly delta_weights: [number, number, number, number]
    readonly clamp_log_size: number
    readonly clamp?: 'upper' | 'both'
    readonly top_per_level: number
    readonly nms_iou: number
    readonly max: number
    readonly min_side: number
  }
  readonly box: readonly {
    readonly file: string
    readonly rois: string
    readonly class_logits: string
    readonly box_deltas: string
    readonly delta_weights: [number, number, number, number]
    readonly clamp_log_size: number
    readonly clamp?: 'upper' | 'both'
    readonly class_boxes: 'per-class' | 'shared'
  }[]
  readonly mask?: readonly {
    readonly file: string
    readonly rois: string
    readonly mask_logits: string
    readonly size: number
    readonly class_masks: 'per-class' | 'shared'
  }[]
}
