import { canonical, type Json } from '../../engine/base/canonical.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'

/**
 * Named arrays in the safetensors layout (huggingface/safetensors, format of version 0.4): u64 header length, JSON
 * header, data. Any safetensors reader reads what is written here. All numbers little-endian.
 *
 * Equal tensors and metadata give equal bytes: header keys are sorted, and data lies by element size (largest first),
 * then name, so that every tensor is aligned without the holes that the format forbids.
 */
export type TensorData = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array

export interface NamedTensor {
  readonly data: TensorData
  readonly shape: readonly number[]
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>
  readonly metadata: { readonly [name: string]: string }
}

const PREFIX_BYTES = 8
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000

const ELEMENTS = {
  F64: { array: Float64Array, bytes: 8 },
  F32: { array: Float32Array, bytes: 4 },
  I32: { array: Int32Array, bytes: 4 },
  U32: { array: Uint32Array, bytes: 4 },
  U8: { array: Uint8Array, bytes: 1 },
} as const

type Dtype = keyof typeof ELEMENTS

export function encodeTensors(
  tensors: { readonly [name: string]: NamedTensor },
  metadata: { readonly [name: string]: string } = {},
): Uint8Array {
  const names = Object.keys(tensors).sort()
  // Array.sort is stable: equal sizes stay in name order.
  const layout = names.sort((a, b) => tensors[b]!.data.BYTES_PER_ELEMENT - tensors[a]!.data.BYTES_PER_ELEMENT)
  // Without a prototype, so that a tensor may be called `__proto__`.
  const header: { [name: string]: Json } = Object.create(null)
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata
  let offset = 0
  for (const name of layout) {
    const { data, shape } = tensors[name]!
    const elements = shape.reduce((product, side) => product * side, 1)
    if (elements !== data.length)
      throw new Error(`internal: tensor ${name} has ${data.length} elements, its shape [${shape}] means ${elements}`)
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const text = new TextEncoder().encode(canonical(header))
  const headerBytes = Math.ceil(text.length / 8) * 8
  const out = new Uint8Array(PREFIX_BYTES + headerBytes + offset)
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true)
  out.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes)
  out.set(text, PREFIX_BYTES)
  let at = PREFIX_BYTES + headerBytes
  for (const name of layout) {
    const { data } = tensors[name]!
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return out
}

/**
 * Views into `bytes` (copies where `bytes` starts at an odd address). Nothing in the file is trusted.
 * @throws TaskError `bad-file` naming the tensor and what is wrong with it.
 */
export function decodeTensors(bytes: Uint8Array): TensorFile {
  const header = readHeader(bytes)
  const dataStart = PREFIX_BYTES + header.bytes
  const dataBytes = bytes.byteLength - dataStart
  const tensors = new Map<string, NamedTensor>()
  const ranges: { name: string; start: number; end: number }[] = []
  let metadata: { [name: string]: string } = {}
  for (const [name, entry] of Object.entries(header.entries)) {
    if (name === '__metadata__') {
      metadata = readMetadata(entry)
      continue
    }
    const { dtype, shape, start, end } = readEntry(name, entry, dataBytes)
    ranges.push({ name, start, end })
    tensors.set(name, { shape, data: view(bytes, dataStart + start, end - start, dtype) })
  }
  ranges.sort((a, b) => a.start - b.start || a.end - b.end)
  let covered = 0
  for (const { name, start, end } of ranges) {
    if (start !== covered) throw damaged(`tensor ${name} starts at byte ${start} of the data, expected ${covered}`)
    covered = end
  }
  if (covered !== dataBytes) throw damaged(`the data has ${dataBytes} bytes, its tensors fill ${covered}`)
  return { tensors, metadata }
}

function readHeader(bytes: Uint8Array): { bytes: number; entries: { readonly [name: string]: unknown } } {
  if (bytes.byteLength < PREFIX_BYTES) throw damaged(`${bytes.byteLength} bytes are too few for a header`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(bytes.byteLength - PREFIX_BYTES))
    throw damaged(`the header claims ${length} bytes of a file of ${bytes.byteLength}`)
  let parsed: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + Number(length)),
    )
    parsed = JSON.parse(text)
  } catch (cause) {
    throw damaged('the header is not JSON', cause)
  }
  if (!isRecord(parsed)) throw damaged('the header is not an object')
  return { bytes: Number(length), entries: parsed }
}

function readEntry(
  name: string,
  entry: unknown,
  dataBytes: number,
): { dtype: Dtype; shape: number[]; start: number; end: number } {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {}
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENTS, dtype))
    throw damaged(
      `tensor ${name} has the type ${JSON.stringify(dtype)}, expected one of ${Object.keys(ELEMENTS).join(', ')}`,
    )
  if (!Array.isArray(shape) || !shape.every(isCount)) throw damaged(`tensor ${name} has no valid shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw damaged(`tensor ${name} has no valid data_offsets`)
  const [start, end] = offsets as [number, number]
  if (start > end || end > dataBytes)
    throw damaged(`tensor ${name} claims bytes ${start} to ${end} of ${dataBytes} bytes of data`)
  const expected = (shape as number[]).reduce((product, side) => product * side, 1) * ELEMENTS[dtype as Dtype].bytes
  if (end - start !== expected)
    throw damaged(`tensor ${name} has ${end - start} bytes, ${dtype} of shape [${shape.join(', ')}] needs ${expected}`)
  return { dtype: dtype as Dtype, shape: shape as number[], start, end }
}

function readMetadata(entry: unknown): { [name: string]: string } {
  if (!isRecord(entry) || !Object.values(entry).every(value => typeof value === 'string'))
    throw damaged('__metadata__ is not a map of strings')
  return entry as { [name: string]: string }
}

function view(bytes: Uint8Array, start: number, length: number, dtype: Dtype): TensorData {
  const { array: TypedArray, bytes: size } = ELEMENTS[dtype]
  const at = bytes.byteOffset + start
  if (at % size === 0 && bytes.buffer instanceof ArrayBuffer) return new TypedArray(bytes.buffer, at, length / size)
  return new TypedArray(bytes.slice(start, start + length).buffer as ArrayBuffer)
}

function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float64Array) return 'F64'
  if (data instanceof Float32Array) return 'F32'
  if (data instanceof Int32Array) return 'I32'
  return data instanceof Uint32Array ? 'U32' : 'U8'
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function damaged(what: string, cause?: unknown): TaskError {
  return new TaskError({ code: 'bad-file', message: `not a valid safetensors file: ${what}` }, { cause })
}
