import { array, assert, dictionary, float, oneof, property, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { decodeTensors, encodeTensors } from '../../nodes/values/safetensors.ts'
import { golden } from '../helpers/scene.ts'

/** A file with any header over any data. */
function file(header: string | object, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const out = new Uint8Array(8 + text.length + data.length)
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true)
  out.set(text, 8)
  out.set(data, 8 + text.length)
  return out
}

const tensor = (offsets: number[], shape = [1], dtype = 'F32') => ({ dtype, shape, data_offsets: offsets })

describe('encodeTensors', () => {
  it('writes a padded header with sorted keys, then the data with the widest elements first', () => {
    const bytes = encodeTensors(
      { b: { data: new Uint8Array([7]), shape: [1] }, a: { data: new Float64Array([1]), shape: [] } },
      { kind: 'x' },
    )
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(headerBytes % 8).toBe(0)
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))
    expect(header.trimEnd()).toBe(
      '{"__metadata__":{"kind":"x"},"a":{"data_offsets":[0,8],"dtype":"F64","shape":[]},"b":{"data_offsets":[8,9],"dtype":"U8","shape":[1]}}',
    )
    expect(bytes).toHaveLength(8 + headerBytes + 9)
  })

  it('gives the same bytes whatever the order of the names', () => {
    const x = { data: new Float32Array([1, 2]), shape: [2] }
    const y = { data: new Int32Array([3]), shape: [1] }
    expect(encodeTensors({ x, y })).toEqual(encodeTensors({ y, x }))
  })

  it('takes any name for a tensor', () => {
    const named = Object.fromEntries([['__proto__', { data: new Float32Array([1]), shape: [1] }]])
    expect([...decodeTensors(encodeTensors(named)).tensors.keys()]).toEqual(['__proto__'])
  })

  it('is read back with equal tensors, shapes and metadata', () => {
    const values = oneof(
      array(float({ noNaN: true })).map(list => new Float32Array(list)),
      uint8Array().map(list => list),
      array(float({ noNaN: true })).map(list => new Float64Array(list)),
    )
    assert(
      property(
        dictionary(string({ minLength: 1 }), values, { maxKeys: 5 }),
        dictionary(string(), string()),
        (data, metadata) => {
          const named = Object.fromEntries(
            Object.entries(data)
              .filter(([name]) => name !== '__metadata__')
              .map(([name, list]) => [name, { data: list, shape: [list.length] }]),
          )
          const decoded = decodeTensors(encodeTensors(named, metadata))
          expect(decoded.metadata).toEqual({ ...metadata })
          expect(new Map(decoded.tensors)).toEqual(new Map(Object.entries(named)))
        },
      ),
    )
  })
})

describe('decodeTensors', () => {
  it('reads what the Python library wrote', () => {
    expect(golden('ensemble').get('roi_masks')!.shape).toEqual([59, 28, 28])
    expect(golden('ensemble').get('labels')!.data).toBeInstanceOf(Int32Array)
  })

  it('shares memory with aligned bytes and copies from an odd address', () => {
    const bytes = encodeTensors({ a: { data: new Float64Array([1.5]), shape: [1] } })
    expect(decodeTensors(bytes).tensors.get('a')!.data.buffer).toBe(bytes.buffer)
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect([...decodeTensors(shifted.subarray(1)).tensors.get('a')!.data]).toEqual([1.5])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['too short', new Uint8Array(3), /3 bytes are too few/],
    ['a header longer than the file', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0, 1), /claims 99 bytes of a file of 9/],
    ['an enormous header', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255), /claims 18374686479671623680 bytes/],
    ['a header that is no JSON', file('{'), /not JSON/],
    ['a header that is a list', file([1]), /not an object/],
    ['an unknown type', file({ a: tensor([0, 4], [1], 'BF16') }, new Uint8Array(4)), /tensor a has the type "BF16"/],
    ['a type from the prototype', file({ a: tensor([0, 4], [1], 'constructor') }, new Uint8Array(4)), /has the type/],
    ['offsets beyond the data', file({ a: tensor([0, 8], [2]) }, new Uint8Array(4)), /claims bytes 0 to 8 of 4/],
    ['offsets the wrong way round', file({ a: tensor([4, 0]) }, new Uint8Array(4)), /claims bytes 4 to 0/],
    ['a negative offset', file({ a: tensor([-4, 0]) }, new Uint8Array(4)), /no valid data_offsets/],
    ['a fractional shape', file({ a: tensor([0, 4], [0.5]) }, new Uint8Array(4)), /no valid shape/],
    [
      'a shape that needs other bytes',
      file({ a: tensor([0, 4], [2]) }, new Uint8Array(4)),
      /has 4 bytes, F32 of shape \[2\] needs 8/,
    ],
    [
      'overlapping tensors',
      file({ a: tensor([0, 4]), b: tensor([0, 4]) }, new Uint8Array(4)),
      /tensor b starts at byte 0 of the data, expected 4/,
    ],
    ['a hole', file({ a: tensor([4, 8]) }, new Uint8Array(8)), /starts at byte 4 of the data, expected 0/],
    ['bytes that belong to nobody', file({ a: tensor([0, 4]) }, new Uint8Array(8)), /has 8 bytes, its tensors fill 4/],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }), /not a map of strings/],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => decodeTensors(bytes)).toThrow(message)
    expect(() => decodeTensors(bytes)).toThrow(TaskError)
  })

  it('answers any bytes with tensors or a TaskError', () => {
    const valid = encodeTensors({ a: { data: new Float32Array([1, 2]), shape: [2] } })
    assert(
      property(uint8Array({ minLength: 1, maxLength: 12 }), noise => {
        const bytes = valid.slice()
        for (let i = 0; i < noise.length; i++) bytes[(noise[i]! * (i + 1)) % bytes.length]! ^= noise[i]!
        try {
          decodeTensors(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(TaskError)
        }
      }),
    )
  })
})
