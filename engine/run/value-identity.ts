import { type Selected, selection } from '../contract/kind.ts'

/**
 * Equality of decoded values: typed arrays, plain objects and lists of them, texts and numbers, by content; parts of one
 * root by which parts they are. Anything else is equal only to itself.
 */

/** Equal values have equal fingerprints (32 bits). Undefined for a value that cannot be compared by content. */
export function fingerprint(value: unknown): number | undefined {
  const state = { hash: 0x811c9dc5, comparable: true }
  mix(value, state)
  return state.comparable ? state.hash : undefined
}

export function equalValues(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    return ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && equalWords(a, b)
  }
  const [left, right] = [selectedOf(a), selectedOf(b)]
  if (left?.root !== right?.root) return false
  if (left !== undefined && right !== undefined) return equalWords(left.indices, right.indices)
  if (Array.isArray(a) !== Array.isArray(b) || !isPlain(a) || !isPlain(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    key =>
      Object.hasOwn(b, key) &&
      equalValues((a as { [key: string]: unknown })[key], (b as { [key: string]: unknown })[key]),
  )
}

/** Bytes of the arrays and texts in a value. */
export function heldBytes(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length
  if (typeof value !== 'object' || value === null) return 8
  if (ArrayBuffer.isView(value)) return value.byteLength
  const selected = selectedOf(value)
  if (selected !== undefined) return 256 + 2 * selected.indices.byteLength
  let bytes = 64
  for (const inner of Object.values(value)) bytes += heldBytes(inner)
  return bytes
}

function selectedOf(value: object): Selected | undefined {
  return (value as { readonly [selection]?: Selected })[selection]
}

interface Mixing {
  hash: number
  comparable: boolean
}

function mix(value: unknown, state: Mixing): void {
  if (typeof value === 'object' && value !== null) {
    const selected = selectedOf(value)
    if (ArrayBuffer.isView(value)) mixWords(wordsOf(value), state)
    else if (selected !== undefined) mixWords(selected.indices, state)
    else if (isPlain(value)) {
      for (const key of Object.keys(value)) {
        mixText(key, state)
        mix((value as { [key: string]: unknown })[key], state)
      }
    } else state.comparable = false
  } else if (typeof value === 'function') state.comparable = false
  else mixText(Object.is(value, -0) ? '-0' : String(value), state)
}

function mixText(text: string, state: Mixing): void {
  let { hash } = state
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  state.hash = hash
}

function mixWords(words: Uint32Array | Uint8Array, state: Mixing): void {
  let hash = state.hash ^ words.length
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x01000193)
    hash ^= hash >>> 15
  }
  state.hash = hash
}

function equalWords(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return false
  const left = wordsOf(a)
  const right = wordsOf(b)
  if (left.BYTES_PER_ELEMENT !== right.BYTES_PER_ELEMENT) return equalWords(bytesOf(a), bytesOf(b))
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false
  return true
}

/** As words of 32 bits where they lie so. */
function wordsOf(view: ArrayBufferView): Uint32Array | Uint8Array {
  const { buffer, byteOffset, byteLength } = view
  if (byteOffset % 4 !== 0 || byteLength % 4 !== 0) return bytesOf(view)
  return new Uint32Array(buffer, byteOffset, byteLength / 4)
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
