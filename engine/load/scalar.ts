import { isMap, isScalar, isSeq, type Node, Scalar } from 'yaml'
import type { Json } from '../base/canonical.ts'
import { quoteName } from '../base/words.ts'

export interface Refusal {
  readonly message: string
  readonly fix?: string
}

const wholeNumber = /^[-+]?(?:0o[0-7]+|0x[\da-f]+|\d+)$/i
const coreTag = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/

/** The value of a scalar; numbers must be finite, and whole numbers exact in a double. */
export function scalarValue(node: Scalar): { readonly value: Json } | Refusal {
  const { value } = node
  if (typeof value !== 'number') return { value: value as Json }
  const written = node.source ?? String(value)
  if (!Number.isFinite(value))
    return { message: `${quoteName(written)} is not a finite number`, fix: 'put it in quotes if it is a name' }
  if (wholeNumber.test(written) && !Number.isSafeInteger(value)) {
    return {
      message: `${quoteName(written)} is too large to be exact (it would become ${value})`,
      fix: `put it in quotes: "${written}"`,
    }
  }
  return { value }
}

/** `<<` without quotes. */
export function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN
}

/** The text of a map's key: numbers and booleans in JavaScript's form, as ids of coordinates are. */
export function entryKey(key: Node, text: string): { readonly key: string } | Refusal {
  if (isMap(key) || isSeq(key)) {
    const start = key.range?.[0] ?? 0
    const braces = text[start] === '{' && text.slice(0, start).trimEnd().endsWith('{')
    return {
      message: `a ${isMap(key) ? 'map' : 'list'} cannot be a key`,
      fix: braces
        ? 'references are written "${params.name}"; text with braces needs quotes'
        : 'put it in quotes if it is text',
    }
  }
  if (!isScalar(key))
    return { message: 'an alias cannot be a key', fix: 'write the key itself, or put it in quotes if it is text' }
  const scalar = scalarValue(key)
  if (!('value' in scalar)) return scalar
  if (scalar.value === null || scalar.value === '')
    return { message: 'a key is missing here', fix: 'write a name before the `:`; `null` needs quotes' }
  const name = String(scalar.value)
  if (name === '__proto__' || name === 'constructor')
    return { message: `the key \`${name}\` is not allowed`, fix: 'use another name' }
  return { key: name }
}

/** A tag other than those of YAML's core schema asks for a type that pipelines do not have. */
export function tagProblem(node: Node): Refusal | undefined {
  const { tag } = node as { tag?: string }
  if (tag === undefined || coreTag.test(tag)) return undefined
  const written = tag.replace('tag:yaml.org,2002:', '!!')
  return {
    message: `the tag ${quoteName(written)} is not known; values are plain YAML`,
    fix: `remove it, or put the text in quotes if it starts with \`!\``,
  }
}
