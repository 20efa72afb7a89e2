import { canonical, type Json } from '../../engine/base/canonical.ts'

/** Canonical JSON with a final newline: equal documents are equal bytes. */
export function encodeJson(document: Json): Uint8Array {
  return new TextEncoder().encode(`${canonical(document)}\n`)
}

export function decodeJson(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json
}
