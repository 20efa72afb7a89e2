import { canonical, type Json } from '../../engine/base/canonical.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'

/**
 * The codec of a kind of JSON documents: canonical text with a final newline, so that equal documents are equal bytes.
 * @param problem what is wrong with any value taken for such a document, or undefined; asked on the way in and out.
 * @param plain the document to write, without what does not belong in it.
 */
export function documentCodec<T>(
  kind: string,
  problem: (value: unknown) => string | undefined,
  plain: (value: T) => Json,
): Pick<Kind<T>, 'encode' | 'decode'> {
  return {
    encode: value => {
      const wrong = problem(value)
      if (wrong !== undefined) throw new TaskError({ code: 'bad-value', message: `${kind}: ${wrong}` })
      return encodeJson(plain(value))
    },
    decode: bytes => {
      const value = decodeJson(bytes)
      const wrong = problem(value)
      if (wrong !== undefined) throw new TaskError({ code: 'bad-file', message: `stored ${kind}: ${wrong}` })
      return value as T
    },
  }
}

export function encodeJson(document: Json): Uint8Array {
  return new TextEncoder().encode(`${canonical(document)}\n`)
}

/** @throws TaskError `bad-file` when the bytes are not JSON. */
export function decodeJson(bytes: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TaskError({ code: 'bad-file', message: `stored document: is not JSON (${reason})` }, { cause })
  }
}
