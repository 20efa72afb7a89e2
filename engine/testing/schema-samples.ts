import type { Json } from '../base/canonical.ts'
import { canonical } from '../base/canonical.ts'
import { validateAgainst } from '../base/json-schema.ts'

type Schema = { readonly [keyword: string]: unknown }

/** Different values that a JSON Schema accepts, as many as are easily thought of; `examples` come first. */
export function samplesOf(schema: Schema): readonly Json[] {
  const seen = new Set<string>()
  return candidates(schema).filter(value => {
    const text = canonical(value)
    if (seen.has(text) || validateAgainst({ properties: { value: schema } }, { value }).problems.length > 0)
      return false
    return seen.add(text)
  })
}

function candidates(schema: Schema): readonly Json[] {
  const own = [...((schema['examples'] as readonly Json[] | undefined) ?? []), ...fixed(schema)]
  const branches = ((schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined) ?? []
  const types = [(schema['type'] ?? []) as string | readonly string[]].flat()
  return [...own, ...branches.flatMap(candidates), ...types.flatMap(type => ofType(type, schema))]
}

function fixed(schema: Schema): readonly Json[] {
  if ('const' in schema) return [schema['const'] as Json]
  const first = 'default' in schema ? [schema['default'] as Json] : []
  return [...first, ...((schema['enum'] as readonly Json[] | undefined) ?? [])]
}

function ofType(type: string, schema: Schema): readonly Json[] {
  switch (type) {
    case 'boolean':
      return [true, false]
    case 'number':
    case 'integer':
      return numbers(schema)
    case 'string':
      return ['a', 'b', 'sample', '#123456', '1']
    case 'array':
      return lists(schema)
    case 'object':
      return maps(schema)
    default:
      return []
  }
}

function numbers({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): readonly Json[] {
  const bounds = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].filter(bound => typeof bound === 'number')
  return [...bounds, ...bounds.flatMap(bound => [bound + 1, bound - 1, bound / 2]), 0.25, 0.5, 1, 2, 100]
}

function lists({ items, minItems, maxItems, default: usual }: Schema): readonly Json[] {
  const shorter = Array.isArray(usual) ? [usual.slice(0, -1), [...usual].reverse()] : []
  const entries = samplesOf((items as Schema | undefined) ?? { type: 'string' })
  const least = Math.max(1, Number(minItems ?? 1))
  const lengths = [least, least + 1, Math.max(least, Math.min(entries.length, Number(maxItems ?? least)))]
  return [
    ...shorter,
    ...lengths.map(length => Array.from({ length }, (_, i) => entries[i % entries.length] as Json)),
    ...entries.slice(1).map(entry => Array.from({ length: least }, () => entry)),
  ].filter(list => !list.includes(undefined as unknown as Json))
}

function maps({ properties, required, additionalProperties }: Schema): readonly Json[] {
  const known = Object.entries((properties as { readonly [name: string]: Schema } | undefined) ?? {})
  const needed = (required as readonly string[] | undefined) ?? []
  const base = Object.fromEntries(
    known.filter(([name]) => needed.includes(name)).map(([name, schema]) => [name, samplesOf(schema)[0] as Json]),
  )
  const varied = known.flatMap(([name, schema]) => samplesOf(schema).map(value => ({ ...base, [name]: value })))
  const open = typeof additionalProperties === 'object' && additionalProperties !== null
  const free = open ? samplesOf(additionalProperties as Schema).map(value => ({ ...base, a: value })) : []
  return [base, ...varied, ...free]
}
