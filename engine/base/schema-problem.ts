import type { ErrorObject } from 'ajv'
import type { Json } from './canonical.ts'
import { grouped, narrowed } from './schema-branches.ts'
import type { SchemaNode } from './schema-tree.ts'
import { expectation, repair } from './schema-words.ts'
import { nearestName } from './typo.ts'
import { alternatives, describeValue, quoteName } from './words.ts'

export interface SchemaProblem {
  readonly code: 'unknown-key' | 'missing-key' | 'wrong-type' | 'bad-value'
  /** Keys and indices from the root of the value; for a missing key, the map that lacks it. */
  readonly path: readonly (string | number)[]
  /** Which of the two the problem is about: a map entry's key or its value. */
  readonly at: 'key' | 'value'
  readonly message: string
  readonly fix?: string
}

/** ajv's errors as problems in words: one per place, alternatives narrowed to the one that was meant. */
export function schemaProblems(errors: readonly ErrorObject[], root: Json): readonly SchemaProblem[] {
  const relevant = narrowed(errors)
  const byPlace = new Map<string, SchemaProblem>()
  for (const error of relevant) {
    if (error.keyword === 'required') continue
    const problem = toProblem(error, root)
    const place = JSON.stringify([problem.at, ...problem.path])
    const earlier = byPlace.get(place)
    const better = earlier === undefined || (problem.code === 'wrong-type' && earlier.code !== 'wrong-type')
    if (better) byPlace.set(place, problem)
  }
  return [...byPlace.values(), ...missingKeys(relevant, root)]
}

function toProblem(error: ErrorObject, root: Json): SchemaProblem {
  const schema = error.parentSchema as SchemaNode
  const path = toPath(error.instancePath, root)
  if (error.propertyName !== undefined) {
    const message = `expected ${expectation(schema)}, found ${quoteName(error.propertyName)}`
    return { code: 'bad-value', path: [...path, error.propertyName], at: 'key', message }
  }
  if (error.keyword === 'additionalProperties') return unknownKey(error, path)
  if (error.keyword === 'uniqueItems') return repeatedEntry(error, path)
  const found = error.data as Json
  const expected = expectation(schema)
  const message =
    expected === ''
      ? `this value ${error.message ?? 'is not allowed'}`
      : `expected ${expected}, found ${describeValue(found)}`
  return {
    code: error.keyword === 'type' ? 'wrong-type' : 'bad-value',
    path,
    at: 'value',
    message,
    ...repair(schema, found),
  }
}

function repeatedEntry(error: ErrorObject, path: SchemaProblem['path']): SchemaProblem {
  const { i, j } = error.params as { i: number; j: number }
  const repeated = (error.data as readonly Json[])[i]
  const shown = typeof repeated === 'string' ? quoteName(repeated) : describeValue(repeated)
  return {
    code: 'bad-value',
    path: [...path, Math.max(i, j)],
    at: 'value',
    message: `${shown} is there twice`,
    fix: 'remove one of them',
  }
}

function unknownKey(error: ErrorObject, path: SchemaProblem['path']): SchemaProblem {
  const key = unknownKeyOf(error)
  const known = knownKeys(error)
  const nearest = meantKey(error)
  return {
    code: 'unknown-key',
    path: [...path, key],
    at: 'key',
    message: `unknown key ${quoteName(key)}; ${known.length === 0 ? 'no keys are allowed here' : `allowed: ${known.join(', ')}`}`,
    ...(nearest === undefined ? {} : { fix: `did you mean ${quoteName(nearest)}?` }),
  }
}

/** Absent keys of one map together; a key that an unknown one was meant to be is not reported a second time. */
function missingKeys(errors: readonly ErrorObject[], root: Json): readonly SchemaProblem[] {
  const unknown = grouped(
    errors.filter(error => error.keyword === 'additionalProperties'),
    error => error.instancePath,
  )
  const required = grouped(
    errors.filter(error => error.keyword === 'required'),
    error => error.instancePath,
  )
  return [...required].flatMap(([instancePath, group]) => {
    const meant = new Set((unknown.get(instancePath) ?? []).map(meantKey))
    const names = [...new Set(group.map(missingKeyOf))].filter(name => !meant.has(name))
    if (names.length === 0) return []
    const message = `missing ${names.length === 1 ? 'key' : 'keys'} ${alternatives(names.map(quoteName), 'and')}`
    const problem = { code: 'missing-key', path: toPath(instancePath, root), at: 'key', message } as const
    const hints = names.flatMap(name => hintFor(name, group))
    return [hints.length === 0 ? problem : { ...problem, fix: `add ${hints.join('; ')}` }]
  })
}

function hintFor(name: string, group: readonly ErrorObject[]): readonly string[] {
  for (const { parentSchema } of group) {
    const schema = (parentSchema?.['properties'] as { readonly [name: string]: SchemaNode } | undefined)?.[name]
    if (schema !== undefined && 'const' in schema) return [`\`${name}: ${schema['const']}\``]
    const words = schema === undefined ? '' : expectation(schema)
    if (words !== '') return [`\`${name}:\` and ${words}`]
  }
  return []
}

function missingKeyOf(error: ErrorObject): string {
  return (error.params as { missingProperty: string }).missingProperty
}

function unknownKeyOf(error: ErrorObject): string {
  return (error.params as { additionalProperty: string }).additionalProperty
}

function knownKeys(error: ErrorObject): readonly string[] {
  return Object.keys((error.parentSchema?.['properties'] ?? {}) as object)
}

/** The known key nearest to an unknown one; keys that are there already are the second choice. */
function meantKey(error: ErrorObject): string | undefined {
  const known = knownKeys(error)
  const free = known.filter(name => !Object.hasOwn(error.data as object, name))
  return nearestName(unknownKeyOf(error), free) ?? nearestName(unknownKeyOf(error), known)
}

/** JSON pointer to path; a segment is an index where the value is a list. */
function toPath(pointer: string, root: Json): readonly (string | number)[] {
  const path: (string | number)[] = []
  let value: Json | undefined = root
  for (const escaped of pointer.split('/').slice(1)) {
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(name) : name)
    value = (value as { readonly [key: string]: Json } | null | undefined)?.[name]
  }
  return path
}
