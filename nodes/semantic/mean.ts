import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { largestOf, leastSpreadMember } from '../kernels/outlier-member.ts'
import { type Interpolation, joinPlanes, resizePlanes } from '../kernels/resize-planes.ts'
import { weightedMean } from '../kernels/weighted-mean.ts'
import { mapPlanes, planeCount, type Semantic, type SemanticMap } from '../values/semantic.ts'
import {
  checkWeights,
  type FoldWeights,
  membersOf,
  WEIGHTS_SCHEMA,
  type Weights,
  weightsPort,
} from '../values/weights.ts'
import { MAP_SIZE_SCHEMA, type MapSize, mapSizeHw, PRECISION_SCHEMA } from './map-size.ts'

interface Params {
  readonly weights?: FoldWeights
  readonly at: MapSize
  readonly map_size: MapSize
  readonly interpolation: Interpolation
  readonly drop_outlier?: { readonly peak_above: number; readonly mean_peak_below: number }
  readonly precision: 'f32' | 'u8'
}

interface Inputs {
  readonly maps: readonly Semantic[]
  readonly weights?: Weights
}

export const semanticMean = defineNode<Params, Inputs>({
  name: 'semantic/mean',
  version: 1,
  description:
    'Averages the maps of several views pixel by pixel, and the numbers about the image; sums in doubles, in the order of the cells.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'maps',
        description: 'Influence of each view, by axis and coordinate id: { model: { B1: 2 } }; missing = 1.',
      },
      at: {
        ...MAP_SIZE_SCHEMA,
        description:
          'Size at which maps are averaged: own (they must be equally large), frame, or [height, width]. Open Cities: [512, 512].',
      },
      map_size: {
        ...MAP_SIZE_SCHEMA,
        description: 'Size of the mean: own (as averaged), frame, or [height, width]. Open Cities: [1024, 1024].',
      },
      interpolation: {
        enum: ['torch', 'cv2'],
        default: 'cv2',
        description: 'Whose bilinear resizing of floats: cv2.resize, or torch.nn.functional.interpolate.',
      },
      drop_outlier: {
        type: 'object',
        additionalProperties: false,
        required: ['peak_above', 'mean_peak_below'],
        properties: {
          peak_above: { type: 'number', description: 'Its largest probability is > this.' },
          mean_peak_below: { type: 'number', description: 'The largest probability of the mean is < this.' },
        },
        examples: [
          { peak_above: 0.5, mean_peak_below: 0.9 },
          { peak_above: 0.4, mean_peak_below: 0.9 },
        ],
        description:
          'Leaves the member out whose probabilities > 0 spread least (population standard deviation, as given; none > 0 counts as most; first of equals) if it is sure of something and the mean of all is not. Open Cities: { peak_above: 0.5, mean_peak_below: 0.9 }. By map; one member alone stays.',
      },
      precision: PRECISION_SCHEMA,
    },
  },
  inputs: {
    maps: { kind: 'semantic', per: 'item', many: 'folded', description: 'Maps of each view of the image.' },
    weights: weightsPort,
  },
  outputs: {
    maps: { kind: 'semantic', per: 'item', persist: 'always', description: 'The mean of every map and number.' },
  },
  example: `mean:
  uses: semantic/mean
  over: [model, flip, transpose]
  with: { at: [512, 512], map_size: [1024, 1024] }
  in: { maps: maps.maps }
`,
  types: ({ weights }, context) => {
    checkWeights(weights, context)
    return { maps: context.inputs['maps']?.[0] ?? {} }
  },
  run: ({ maps, weights: named }, params) => {
    const { values: members, weights } = membersOf(maps, params.weights, named)
    const first = members[0]!
    for (const [index, { frameHw }] of members.entries()) {
      if (frameHw[0] === first.frameHw[0] && frameHw[1] === first.frameHw[1]) continue
      throw misfit(`member ${index} is of an image of ${sizes(frameHw)}, the first of ${sizes(first.frameHw)}`)
    }
    const means = Object.keys(first.maps).map(name => {
      const own = members.map(member => member.maps[name])
      const missing = own.indexOf(undefined)
      if (missing >= 0) throw misfit(`member ${missing} has no map ${name}`)
      return [name, meanOf(name, own as SemanticMap[], first.frameHw, weights, params)] as const
    })
    const vectors = Object.keys(first.vectors)
      .filter(name => members.every(({ vectors: own }) => own[name]?.length === first.vectors[name]!.length))
      .map(
        name =>
          [
            name,
            weightedMean(
              members.map(member => member.vectors[name]!),
              weights,
            ),
          ] as const,
      )
    return {
      maps: {
        frameHw: first.frameHw,
        maps: Object.fromEntries(means),
        vectors: Object.fromEntries(vectors),
      } satisfies Semantic,
    }
  },
})

function meanOf(
  name: string,
  members: readonly SemanticMap[],
  frameHw: readonly [number, number],
  weights: readonly number[],
  params: Params,
): SemanticMap {
  const atHw = mapSizeHw(params.at, members[0]!.sizeHw, frameHw)
  const odd = members.find(({ sizeHw }) => sizeHw[0] !== atHw[0] || sizeHw[1] !== atHw[1])
  if (params.at === 'own' && odd)
    throw misfit(`map ${name} is of ${sizes(atHw)} in the first member and of ${sizes(odd.sizeHw)} in another`)
  const counts = members.map(planeCount)
  const other = counts.findIndex(count => count !== counts[0])
  if (other >= 0)
    throw misfit(`map ${name} has ${counts[0]} classes in the first member and ${counts[other]} in member ${other}`)
  const toHw = mapSizeHw(params.map_size, atHw, frameHw)
  const planes = members.map(map => resizePlanes(mapPlanes(map), map.sizeHw, atHw, params.interpolation))
  const average = (chosen: readonly number[]) => {
    const shares = chosen.map(i => weights[i]!)
    const means = planes[0]!.map((_, k) =>
      weightedMean(
        chosen.map(i => planes[i]![k]!),
        shares,
      ),
    )
    return resizePlanes(means, atHw, toHw, params.interpolation)
  }
  const all = [...members.keys()]
  let mean = average(all)
  if (params.drop_outlier && members.length > 1) {
    const { peak_above: peakAbove, mean_peak_below: meanPeakBelow } = params.drop_outlier
    const least = leastSpreadMember(members.map(({ values }) => asProbabilities(values)))
    const peak = largestOf(asProbabilities(members[least]!.values))
    const meanPeak = Math.max(...mean.map(largestOf))
    if (peak > peakAbove && meanPeak < meanPeakBelow) mean = average(all.toSpliced(least, 1))
  }
  return { sizeHw: toHw, values: joinPlanes(mean, params.precision) }
}

function asProbabilities(values: Float32Array | Uint8Array): Float32Array | Float64Array {
  return values instanceof Uint8Array ? Float64Array.from(values, byte => byte / 255) : values
}

function sizes([height, width]: readonly [number, number]): string {
  return `${height} × ${width} (height × width)`
}

function misfit(message: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message,
    fix: 'average maps of one image and of one size, or say at which size: at: frame',
  })
}
