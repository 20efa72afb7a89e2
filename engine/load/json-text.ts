import type { Json } from '../base/canonical.ts'

const lineWidth = 120

/** JSON to be read and committed: two spaces, lists of scalars on one line where they fit. Ends with a line end. */
export function jsonText(value: Json): string {
  return `${print(value, '', 0)}\n`
}

/** @param lead - characters before the value on its line. */
function print(value: Json, indent: string, lead: number): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const short = `[${value.map(entry => JSON.stringify(entry)).join(', ')}]`
    const plain = value.every(entry => entry === null || typeof entry !== 'object')
    if (value.length === 0 || (plain && lead + short.length + 1 <= lineWidth)) return short
    return `[\n${value.map(entry => inner + print(entry, inner, inner.length)).join(',\n')}\n${indent}]`
  }
  const entries = Object.entries(value as { readonly [key: string]: Json })
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, entry]) => {
    const start = `${inner}${JSON.stringify(key)}: `
    return start + print(entry, inner, start.length)
  })
  return `{\n${lines.join(',\n')}\n${indent}}`
}
