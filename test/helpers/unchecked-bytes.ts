import { encodeJson } from '../../nodes/values/json-document.ts'
import { encodeTensors, type NamedTensor, type TensorData } from '../../nodes/values/safetensors.ts'
import type { Semantic } from '../../nodes/values/semantic.ts'

/** Stored form of a value as a program that checks nothing would write it. */
export function uncheckedBytes(kind: string, value: object): Uint8Array {
  if (kind === 'semantic') return encodeTensors(semanticTensors(value as Semantic), { kind })
  const fields = flatten(value)
  const isArrays = Object.values(fields).some(data => ArrayBuffer.isView(data))
  if (!isArrays) return encodeJson(JSON.parse(JSON.stringify(value)))
  const tensors = Object.entries(fields).flatMap(([field, data]): [string, NamedTensor][] => {
    const name = NAMES[field]
    return name === undefined ? [] : [[name, toTensor(kind, field, data, fields)]]
  })
  return encodeTensors(Object.fromEntries(tensors), { kind })
}

/** Tensor name of each field. */
const NAMES: { readonly [field: string]: string } = {
  frameHw: 'frame_hw',
  sizeHw: 'size_hw',
  boxesXyxy: 'boxes_xyxy',
  scores: 'scores',
  labels: 'labels',
  probabilities: 'probabilities',
  starts: 'mask_starts',
  ends: 'mask_ends',
  offsets: 'mask_offsets',
  crowd: 'crowd',
  areasPx: 'areas_px',
  groupOf: 'group_of',
}

function semanticTensors({ frameHw, maps, vectors }: Semantic): { [name: string]: NamedTensor } {
  const planes = Object.entries(maps).map(([name, { sizeHw, values }]) => {
    const shape = [values.length / (sizeHw[0] * sizeHw[1]), ...sizeHw]
    return [`map.${name}`, { data: values, shape }] as const
  })
  const numbers = Object.entries(vectors).map(
    ([name, data]) => [`vector.${name}`, { data, shape: [data.length] }] as const,
  )
  return Object.fromEntries([['frame_hw', { data: Uint32Array.from(frameHw), shape: [2] }], ...planes, ...numbers])
}

type Fields = { readonly [field: string]: unknown }

/** Masks lie among the other fields, their frame being that of the value. */
function flatten(value: object): Fields {
  const { masks, ...rest } = value as { readonly masks?: object }
  return { ...masks, ...rest }
}

function toTensor(kind: string, field: string, data: unknown, fields: Fields): NamedTensor {
  if (Array.isArray(data)) return { data: Uint32Array.from(data), shape: [data.length] }
  const array = data as TensorData
  const { classCount = 1, boxesPerProposal = 1, sizePx = 1 } = fields as { readonly [field: string]: number }
  const row =
    kind === 'roi-masks'
      ? [sizePx, sizePx]
      : kind === 'boxes'
        ? field === 'boxesXyxy'
          ? [boxesPerProposal, 4]
          : [classCount]
        : field === 'boxesXyxy'
          ? [4]
          : []
  const perRow = row.reduce((product, side) => product * side, 1)
  return { data: array, shape: [array.length / perRow, ...row] }
}
