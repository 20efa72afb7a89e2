import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import type { DeltaClamp } from '../kernels/box-coder.ts'
import type { RpnLevel } from '../kernels/rpn.ts'
import type { View } from './features.ts'
import { readFloats, writeFloats } from './scratch-floats.ts'

/**
 * What the region proposal head of a model says about one view, not decoded: objectness logits and box deltas of every
 * anchor, with all that decoding needs. The static type holds the anchors and the coder, so that only maps that mean the
 * same can meet.
 */
export interface RpnMaps {
  readonly view: View
  readonly levels: readonly RpnLevel[]
  readonly coder: RpnCoder
}

export interface RpnCoder {
  readonly deltaWeights: readonly [number, number, number, number]
  readonly clampLogSize: number
  readonly clamp: DeltaClamp
}

const NAME = 'rpn'

export const rpnKind: Kind<RpnMaps> = {
  name: NAME,
  description: 'Proposal maps of one view of one image, not decoded; they never leave the machine that made them.',
  transient: true,
  extension: 'rpn',
  encode: () => {
    throw new TaskError({ code: 'bad-value', message: 'proposal maps are not stored: nothing may ask for their bytes' })
  },
  decode: () => {
    throw new TaskError({ code: 'bad-value', message: 'proposal maps are not stored: there are no bytes to read' })
  },
  async spill(value, file) {
    const arrays = value.levels.flatMap(({ objectness, deltas }) => [objectness, deltas])
    const workMs = writeFloats(file, arrays)
    const lengths = arrays.map(array => array.length)
    // What is small stays; the arrays are not held on to.
    const { view, coder } = value
    const levels = value.levels.map(({ objectness: _objectness, deltas: _deltas, ...level }) => level)
    const restore = async () => {
      const back = readFloats(file, lengths)
      return {
        view,
        coder,
        levels: levels.map((level, i) => ({ ...level, objectness: back[2 * i]!, deltas: back[2 * i + 1]! })),
      }
    }
    return { restore, workMs }
  },
  residentBytes: ({ levels }) =>
    levels.reduce((sum, { objectness, deltas }) => sum + objectness.byteLength + deltas.byteLength, 0),
  explainDifference: (a, b) => `${describe(a)} against ${describe(b)}: such maps cannot be averaged`,
}

/** Static type of the maps of a model. */
export function rpnFacets(
  levels: readonly Pick<RpnLevel, 'stridePx' | 'sizesPx' | 'ratios'>[],
  coder: RpnCoder,
): Facets {
  return {
    anchors: levels.map(({ stridePx, sizesPx, ratios }) => ({ stride_px: stridePx, sizes_px: sizesPx, ratios })),
    coder: { delta_weights: coder.deltaWeights, clamp_log_size: coder.clampLogSize, clamp: coder.clamp },
  }
}

function describe(facets: Facets): string {
  const anchors = facets['anchors']
  if (!Array.isArray(anchors)) return 'unknown anchors'
  const levels = anchors as readonly { stride_px: number; sizes_px: readonly number[]; ratios: readonly number[] }[]
  const sizes = levels.map(level => `${level.sizes_px.join('+')} px (stride ${level.stride_px})`).join(', ')
  return `anchors of ${sizes} with ratios ${levels[0]?.ratios.join(', ')}`
}
