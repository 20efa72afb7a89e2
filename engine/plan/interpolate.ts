import type { Json } from '../base/canonical.ts'

/**
 * `${namespace.name}` references in the parsed tree. A string that is exactly one reference takes the value with its
 * type; a reference inside a longer string must be a scalar and becomes text. `$${` is a literal `${`.
 */
export interface Scope {
  readonly params: { readonly [name: string]: Json }
  readonly matrix: { readonly [axis: string]: Json }
  readonly env: { readonly [name: string]: Json }
}

/** Unknown names were reported when the file was loaded; `problem` hears of what only values can show. */
export function interpolate(tree: Json, scope: Scope, problem: (message: string) => void): Json {
  if (typeof tree === 'string') return interpolateText(tree, scope, problem)
  if (Array.isArray(tree)) return tree.map(entry => interpolate(entry, scope, problem))
  if (tree !== null && typeof tree === 'object') {
    const out: { [key: string]: Json } = {}
    for (const [key, value] of Object.entries(tree)) out[key] = interpolate(value, scope, problem)
    return out
  }
  return tree
}

const reference = /\$\$\{|\$\{\s*(params|matrix|env)\.([A-Za-z0-9_.-]+)\s*\}/g
const wholeReference = /^\$\{\s*(params|matrix|env)\.([A-Za-z0-9_.-]+)\s*\}$/

function interpolateText(text: string, scope: Scope, problem: (message: string) => void): Json {
  if (!text.includes('${')) return text
  const whole = wholeReference.exec(text)
  if (whole) return lookup(whole[1] as keyof Scope, whole[2] as string, scope, problem)
  return text.replace(reference, (match, namespace?: string, name?: string) => {
    if (match === '$${') return '${'
    const value = lookup(namespace as keyof Scope, name as string, scope, problem)
    if (value !== null && typeof value === 'object') {
      problem(
        `\${${namespace}.${name}} is a ${Array.isArray(value) ? 'list' : 'map'} and cannot stand inside a longer string`,
      )
      return ''
    }
    return String(value)
  })
}

function lookup(namespace: keyof Scope, name: string, scope: Scope, problem: (message: string) => void): Json {
  const direct = scope[namespace][name]
  if (direct !== undefined) return direct
  // `matrix.view.scale`: a field of an axis whose entries are maps.
  const dot = name.indexOf('.')
  const outer = dot < 0 ? undefined : scope[namespace][name.slice(0, dot)]
  if (outer !== undefined && outer !== null && typeof outer === 'object' && !Array.isArray(outer)) {
    const field = (outer as { [key: string]: Json })[name.slice(dot + 1)]
    if (field !== undefined) return field
  }
  problem(`nothing is called \${${namespace}.${name}} here`)
  return null
}
