/**
 * The one way a JSON-like value becomes text for hashing: keys sorted by code unit, numbers in JavaScript's shortest
 * form, no white space. `1`, `"1"`, `true` and `null` stay apart because JSON keeps them apart.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** @throws on NaN, infinities, undefined, bigint, functions and class instances: they have no stable text. */
export function canonical(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`internal: ${value} cannot be part of a key`)
    return Object.is(value, -0) ? '0' : JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && isPlain(value)) {
    const entries = value as { readonly [key: string]: Json }
    const keys = Object.keys(entries).sort()
    return `{${keys.map(key => `${JSON.stringify(key)}:${canonical(entries[key] as Json)}`).join(',')}}`
  }
  throw new Error(`internal: a ${typeof value} cannot be part of a key`)
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
