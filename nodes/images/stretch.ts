import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { percentileOf, type SortedSamples, sortedByCounts } from '../kernels/percentile-stretch.ts'
import type { ImageRef } from '../values/image.ts'
import { stretchImage } from '../values/image-edits.ts'
import { readSamples } from '../values/image-samples.ts'
import type { Table } from '../values/table.ts'

interface Params {
  readonly low: number
  readonly high: number
  readonly channels: 'joint' | 'each'
  readonly ignore?: number
  readonly eight_bits: 'keep' | 'stretch'
}

interface Inputs {
  readonly image: ImageRef
}

/** Samples that are no whole numbers are sorted, so they must fit. */
const MOST_FLOATS = 48 * 1024 ** 2

export const imagesStretch = defineNode<Params, Inputs>({
  name: 'images/stretch',
  version: 1,
  description:
    'Shows rasters of more than 8 bits: samples between two percentiles are spread over 0 to 255, those outside clipped. Nothing is copied; whoever reads the picture spreads it.',
  mode: 'item',
  lane: 'io',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      low: { type: 'number', minimum: 0, maximum: 100, default: 2, description: 'Percentile that becomes 0.' },
      high: {
        type: 'number',
        minimum: 0,
        maximum: 100,
        default: 98,
        description: 'Percentile that becomes 255. Interpolated as numpy.percentile does.',
      },
      channels: {
        enum: ['joint', 'each'],
        default: 'joint',
        description: 'Percentiles of red, green and blue together, which keeps colours, or of each.',
      },
      ignore: {
        type: 'number',
        examples: [0, 65535],
        description: 'Samples of this value (no data) do not count. Default: all count.',
      },
      eight_bits: {
        enum: ['keep', 'stretch'],
        default: 'keep',
        description: 'Pictures of 8 bits stay as they are, or are spread too.',
      },
    },
  },
  inputs: { image: { kind: 'image', per: 'item', description: 'The raster.' } },
  outputs: {
    image: { kind: 'image', per: 'item', description: 'The same raster, with 8 bits when it is read.' },
    table: {
      kind: 'table',
      per: 'item',
      description: 'What became 0 and 255, by channel; no rows for a picture that stayed as it was.',
    },
  },
  example: `shown:
  uses: images/stretch
  with: { low: 2, high: 98, ignore: 0 }
  in: { image: scenes.images }
`,
  types: ({ low, high }, context) => {
    if (low >= high) context.problem({ param: 'low', message: `low ${low} is not below high ${high}` })
    return { image: context.inputs['image']?.[0] ?? {} }
  },
  run: async ({ image }, params, context) => {
    if (image.bitDepth === 8 && params.eight_bits === 'keep')
      return { image, table: { columns: ['channel', 'low', 'high'], rows: [] } satisfies Table }
    const sorted = await sortedChannels(image, params, context)
    const three = (percent: number) =>
      [0, 1, 2].map(c => percentileOf(sorted[c % sorted.length]!, percent)) as unknown as Three
    const [low, high] = [three(params.low), three(params.high)]
    const rows = ['red', 'green', 'blue'].map((name, c) => [name, low[c]!, high[c]!])
    return {
      image: stretchImage(image, low, high),
      table: { columns: ['channel', 'low', 'high'], rows } satisfies Table,
    }
  },
})

type Three = readonly [number, number, number]

/** One list for all channels, or one for each. */
async function sortedChannels(
  image: ImageRef,
  { channels, ignore }: Params,
  context: Parameters<typeof readSamples>[1],
): Promise<readonly SortedSamples[]> {
  const lists = channels === 'joint' ? 1 : 3
  const counts = Array.from({ length: lists }, () => new Float64Array(65536))
  const floats: number[][] = Array.from({ length: lists }, () => [])
  let isWhole = true
  for await (const samples of readSamples(image, context)) {
    isWhole = !(samples instanceof Float32Array)
    if (!isWhole && floats.length * floats[0]!.length + samples.length > MOST_FLOATS)
      throw new TaskError({
        code: 'bad-image',
        message: `${image.widthPx} × ${image.heightPx} samples that are no whole numbers of 8 or 16 bits are too many to sort`,
        fix: 'convert the raster to 16 bits without sign (gdal_translate -ot UInt16 -scale …)',
      })
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!
      if (sample === ignore || Number.isNaN(sample)) continue
      if (isWhole) counts[i % lists]![sample]!++
      else floats[i % lists]!.push(sample)
    }
  }
  if (isWhole) return counts.map(sortedByCounts)
  return floats.map(list => {
    const inOrder = Float64Array.from(list).sort()
    return { count: inOrder.length, at: place => inOrder[place]! }
  })
}
