import type { Json } from './canonical.ts'
import type { SchemaNode } from './schema-tree.ts'
import { nearestName } from './typo.ts'
import { alternatives, quoteName } from './words.ts'

/** What a schema accepts, in words: "a number from 0 to 1", "`none` or `horizontal`", "a list or a map". */
export function expectation(schema: SchemaNode): string {
  const own = schema['x-expected']
  if (typeof own === 'string') return own
  if ('const' in schema) return literal(schema['const'] as Json)
  if (Array.isArray(schema['enum'])) return alternatives((schema['enum'] as readonly Json[]).map(literal))
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly SchemaNode[] | undefined
  if (branches !== undefined) return alternatives([...new Set(branches.map(expectation))])
  return alternatives(typesOf(schema).map(type => typeWords(type, schema)))
}

/** What to try when a value of the wrong type (or a near miss of an allowed one) was found. */
export function repair(schema: SchemaNode, found: Json): { readonly fix?: string } {
  const allowed = allowedTexts(schema)
  if (typeof found === 'string' && allowed.length > 0) {
    const nearest = nearestName(found, allowed)
    if (nearest !== undefined) return { fix: `did you mean ${quoteName(nearest)}?` }
  }
  const types = typesOf(schema)
  if (typeof found === 'string') {
    const number = types.includes('number') || types.includes('integer')
    if (number && /^[-+]?\d+(?:\.\d*)?$/.test(found)) return { fix: `remove the quotes: ${found}` }
    if (types.includes('boolean') && /^(true|yes|on|y)$/i.test(found)) return { fix: 'write `true`' }
    if (types.includes('boolean') && /^(false|no|off|n)$/i.test(found)) return { fix: 'write `false`' }
  }
  const scalar = typeof found === 'number' || typeof found === 'boolean'
  if (scalar && schema['type'] === 'string' && schema['pattern'] === undefined)
    return { fix: `put it in quotes: "${found}"` }
  if ((scalar || typeof found === 'string') && schema['type'] === 'array')
    return { fix: `write it as a list: [${String(found)}]` }
  return {}
}

function allowedTexts(schema: SchemaNode): readonly string[] {
  const branches = ((schema['anyOf'] ?? schema['oneOf']) as readonly SchemaNode[] | undefined) ?? []
  const own = [
    ...((schema['enum'] as readonly Json[] | undefined) ?? []),
    ...('const' in schema ? [schema['const'] as Json] : []),
  ]
  return [...own.filter(value => typeof value === 'string'), ...branches.flatMap(allowedTexts)]
}

function typesOf(schema: SchemaNode): readonly string[] {
  const branches = (schema['anyOf'] ?? schema['oneOf']) as readonly SchemaNode[] | undefined
  if (branches !== undefined) return [...new Set(branches.flatMap(typesOf))]
  const type = schema['type']
  return typeof type === 'string' ? [type] : Array.isArray(type) ? (type as readonly string[]) : []
}

function typeWords(type: string, schema: SchemaNode): string {
  switch (type) {
    case 'string':
      return schema['minLength'] === undefined ? 'text' : 'text that is not empty'
    case 'number':
    case 'integer':
      return `${type === 'integer' ? 'a whole number' : 'a number'}${rangeWords(schema)}`
    case 'boolean':
      return '`true` or `false`'
    case 'array':
      return `a list${countWords(schema['minItems'], schema['maxItems'], 'entries')}`
    case 'object':
      return `a map${countWords(schema['minProperties'], schema['maxProperties'], 'entries')}`
    default:
      return 'nothing'
  }
}

function rangeWords(schema: SchemaNode): string {
  const {
    minimum,
    maximum,
    exclusiveMinimum: above,
    exclusiveMaximum: below,
    multipleOf,
  } = schema as { [k: string]: Json }
  const step = multipleOf === undefined ? '' : ` that is a multiple of ${multipleOf}`
  if (minimum !== undefined && maximum !== undefined) return `${step} from ${minimum} to ${maximum}`
  const low = minimum !== undefined ? ` of at least ${minimum}` : above !== undefined ? ` above ${above}` : ''
  const high = maximum !== undefined ? ` of at most ${maximum}` : below !== undefined ? ` below ${below}` : ''
  return `${step}${low}${low !== '' && high !== '' ? ' and' : ''}${high}`
}

function countWords(least: Json | undefined, most: Json | undefined, what: string): string {
  if (least !== undefined && least === most) return ` of ${least} ${what}`
  if (least === 1 && most === undefined) return ' that is not empty'
  const low = least === undefined ? '' : ` with at least ${least} ${what}`
  const high = most === undefined ? '' : ` with at most ${most} ${what}`
  return `${low}${low !== '' && high !== '' ? ' and' : ''}${high}`
}

function literal(value: Json): string {
  return quoteName(typeof value === 'string' ? value : JSON.stringify(value))
}
