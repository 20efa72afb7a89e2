/**
 * How values of a file are named in messages, so that every message says "found …" in the same way.
 */

const longestShown = 60

/** "nothing", `"yes"`, `2.5`, "an empty list", "a list of 3", "a map with `id`, `path`". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return clip(JSON.stringify(value))
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value !== 'object') return String(value)
  const keys = Object.keys(value)
  if (keys.length === 0) return 'an empty map'
  return `a map with ${keys.slice(0, 3).map(quoteName).join(', ')}${keys.length > 3 ? ', …' : ''}`
}

/** A name or a literal as it appears inside a sentence: in backticks, cut if very long. */
export function quoteName(name: string): string {
  return `\`${clip(name)}\``
}

/** "`a`, `b` or `c`". */
export function alternatives(phrases: readonly string[], last = 'or'): string {
  if (phrases.length < 2) return phrases.join('')
  return `${phrases.slice(0, -1).join(', ')} ${last} ${phrases.at(-1)}`
}

/** The fix for a misspelt name: the nearest known one, else all known ones, else nothing. */
export function suggestion(nearest: string | undefined, known: readonly string[]): { readonly fix?: string } {
  if (nearest !== undefined) return { fix: `did you mean ${quoteName(nearest)}?` }
  if (known.length === 0) return {}
  const shown = known.slice(0, 12).map(quoteName)
  return {
    fix: `there ${known.length === 1 ? 'is' : 'are'} ${alternatives([...shown, ...(known.length > 12 ? [`${known.length - 12} more`] : [])], 'and')}`,
  }
}

function clip(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text
}
