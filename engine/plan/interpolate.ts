import type { Json } from '../base/canonical.ts'
import { nearestName } from '../base/typo.ts'
import { describeValue, quoteName } from '../base/words.ts'
import { suggest } from './problems.ts'

/**
 * `${namespace.name}` references in the parsed tree. A string that is exactly one reference takes the value with its
 * type; a reference inside a longer string must be a scalar and becomes text. `$${` is a literal `${`.
 */
export interface Scope {
  readonly params: { readonly [name: string]: Json }
  readonly matrix: { readonly [axis: string]: Json }
  readonly env: { readonly [name: string]: Json }
  /** `params.models`: names that have no value because of a mistake that was reported, or because nothing is bound yet. */
  readonly unknown: ReadonlySet<string>
  /** Inside a function: each parameter in terms of those of the function (`${params.iou}`), or its value. */
  readonly written?: { readonly [name: string]: Json }
}

type Namespace = 'params' | 'matrix' | 'env'
type Report = (message: string, fix?: string) => void

/** The tree with values in it; undefined if one of them is not known. `report` hears why, unless it was reported before. */
export function interpolate(tree: Json, scope: Scope, report: Report): Json | undefined {
  if (typeof tree === 'string') return interpolateText(tree, scope, report)
  if (Array.isArray(tree)) {
    const entries = tree.map(entry => interpolate(entry, scope, report))
    return entries.includes(undefined) ? undefined : (entries as Json[])
  }
  if (tree !== null && typeof tree === 'object') {
    const entries = Object.entries(tree).map(([key, value]) => [key, interpolate(value, scope, report)] as const)
    return entries.some(([, value]) => value === undefined)
      ? undefined
      : Object.fromEntries(entries as [string, Json][])
  }
  return tree
}

const reference = /\$\$\{|\$\{\s*(params|matrix|env)\.([A-Za-z0-9_.-]+)\s*\}/g
const wholeReference = /^\$\{\s*(params|matrix|env)\.([A-Za-z0-9_.-]+)\s*\}$/

function interpolateText(text: string, scope: Scope, report: Report): Json | undefined {
  if (!text.includes('${')) return text
  const whole = wholeReference.exec(text)
  if (whole) return lookup(whole[1] as Namespace, whole[2] as string, scope, report)
  let known = true
  const written = text.replace(reference, (match, namespace?: Namespace, name?: string) => {
    if (match === '$${') return '${'
    const value = lookup(namespace as Namespace, name as string, scope, report)
    if (value === undefined) known = false
    if (value === null || typeof value !== 'object') return String(value)
    known = false
    report(
      `\`${match}\` is ${describeValue(value)} and cannot stand inside a longer text`,
      'let it stand alone, or refer to one of its values',
    )
    return ''
  })
  return known ? written : undefined
}

function lookup(namespace: Namespace, name: string, scope: Scope, report: Report): Json | undefined {
  const [head = '', ...rest] = name.split('.')
  if (scope.unknown.has(`${namespace}.${head}`)) return undefined
  const values = scope[namespace]
  const whole = values[name] ?? values[head]
  if (whole === undefined) {
    if (namespace !== 'env')
      throw new Error(`internal: nothing is called \${${namespace}.${name}}; loading should have said so`)
    report(`the environment variable ${quoteName(head)} is not set`, `set it: \`${head}=… maskloom …\``)
    return undefined
  }
  if (rest.length === 0 || values[name] !== undefined) return whole
  return fieldOf(whole, rest.join('.'), `${namespace}.${head}`, report)
}

/** `matrix.view.scale`: a field of an axis whose entries are maps. */
function fieldOf(value: Json, field: string, reference: string, report: Report): Json | undefined {
  const map = value !== null && typeof value === 'object' && !Array.isArray(value)
  const fields = map ? (value as { readonly [key: string]: Json }) : {}
  if (fields[field] !== undefined) return fields[field]
  if (!map) {
    report(`\`${reference}\` is ${describeValue(value)} here, which has no fields`, `write \`\${${reference}}\``)
    return undefined
  }
  const id = fields['id']
  const shown = id === undefined ? describeValue(value) : `the entry ${quoteName(String(id))}`
  const known = Object.keys(fields)
  report(
    `\`${reference}\` is ${shown} here, which has no field ${quoteName(field)}`,
    suggest(nearestName(field, known), known),
  )
  return undefined
}
