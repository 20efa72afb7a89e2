import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Json } from '../../engine/base/canonical.ts'
import { surelyFits } from '../../engine/base/fits.ts'
import { validateByAjv } from '../../engine/base/json-schema.ts'
import type { SchemaNode } from '../../engine/base/schema-tree.ts'
import { pipelineSchema } from '../../engine/load/pipeline-schema.ts'
import { registry } from '../../nodes/index.ts'

/** Says of both what they say; the quick one must be certain, so it may only be more cautious. */
function verdicts(schema: object, value: Json): { readonly quick: boolean; readonly ajv: boolean } {
  const copy = structuredClone(value)
  const quick = surelyFits(schema as SchemaNode, copy)
  const byAjv = validateByAjv(schema, value)
  if (quick) expect(copy).toEqual(byAjv.value)
  return { quick, ajv: byAjv.problems.length === 0 }
}

const folder = new URL('../../pipelines/', import.meta.url)
const pipelines = readdirSync(folder)
  .filter(name => name.endsWith('.yaml'))
  .map(name => [name, parse(readFileSync(new URL(name, folder), 'utf8')) as Json] as const)
const modelSchema = JSON.parse(readFileSync(new URL('../../schemas/model.schema.json', import.meta.url), 'utf8'))

/** Values that trip checks: other types, limits, names that objects have by nature. */
const oddities: readonly Json[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 1e300, '', 'x', 'item', 'always', '*', 'a.b', '\u{1F600}'],
  ...([[], ['a'], ['a', 'a'], [1, 1], [[1], [1]], [{}], {}, { x: 1 }, { from: 'a.b' }] as const),
]

function mutated(value: Json, path: readonly number[], odd: Json, name: string): Json {
  if (typeof value !== 'object' || value === null || path.length === 0) return odd
  const keys = Object.keys(value)
  const [step = 0, ...rest] = path
  // Beyond the last one: something new.
  const key = keys[step % (keys.length + 1)]
  if (Array.isArray(value)) {
    return key === undefined
      ? [...value, odd]
      : value.map((one, i) => (`${i}` === key ? mutated(one, rest, odd, name) : one))
  }
  if (key === undefined) return { ...value, [name]: odd }
  if (rest.length === 0 && step % 2 === 0)
    return Object.fromEntries(Object.entries(value).filter(([one]) => one !== key))
  return { ...value, [key]: mutated((value as { [name: string]: Json })[key]!, rest, odd, name) }
}

const mutation = fc.tuple(
  fc.array(fc.nat(12), { maxLength: 7 }),
  fc.constantFrom(...oddities),
  fc.constantFrom('x', 'with', 'over', 'default', 'toString', 'constructor', '9', 'Über'),
)

describe('the quick check of a schema', () => {
  it.each(pipelines)('passes the pipeline %s without ajv', (_name, pipeline) => {
    expect(verdicts(pipelineSchema, pipeline)).toEqual({ quick: true, ajv: true })
  })

  it('says of changed pipelines what ajv says', () => {
    let fits = 0
    const change = fc.tuple(fc.constantFrom(...pipelines), fc.array(mutation, { minLength: 1, maxLength: 2 }))
    fc.assert(
      fc.property(change, ([[, pipeline], changes]) => {
        const value = changes.reduce((now, [path, odd, name]) => mutated(now, path, odd, name), pipeline)
        const { quick, ajv } = verdicts(pipelineSchema, value)
        if (ajv) fits++
        // Lists of lists are left to ajv where they must not repeat themselves.
        return quick === ajv || (ajv && JSON.stringify(value).includes('[['))
      }),
      { numRuns: 1500, seed: 5 },
    )
    expect(fits).toBeGreaterThan(100)
  })

  it('says of parameters of every node what ajv says, defaults included', () => {
    let fits = 0
    for (const { params } of registry.nodes.values()) {
      const names = Object.keys(params.properties)
      const value = fc.oneof(
        fc.constantFrom(...oddities),
        fc.double({ noNaN: true }),
        fc.array(fc.nat(3), { maxLength: 4 }),
      )
      const values = fc.dictionary(fc.constantFrom(...names, 'nobody'), value, { maxKeys: 3 })
      fc.assert(
        fc.property(values, given => {
          // With what must be there, so that the rest is looked at.
          const required = Object.fromEntries((params.required ?? []).map(name => [name, 'some/path']))
          const { quick, ajv } = verdicts(params, { ...required, ...given })
          if (ajv) fits++
          return quick ? ajv : true
        }),
        { numRuns: 40, seed: 7 },
      )
      const { quick, ajv } = verdicts(params, {})
      expect(quick).toBe(ajv)
    }
    expect(fits).toBeGreaterThan(200)
  })

  it.each<[object, Json, boolean]>([
    [modelSchema, {}, false],
    [{ type: 'integer' }, 1.5, false],
    [{ type: 'number' }, Number.POSITIVE_INFINITY, false],
    [{ type: ['string', 'null'] }, null, true],
    [{ minLength: 2 }, '\u{1F600}', false],
    [{ pattern: '^.$' }, '\u{1F600}', true],
    [{ properties: { a: { default: [1] } }, minProperties: 1 }, {}, true],
    [{ anyOf: [{ required: ['a'] }, { maxProperties: 0 }] }, { b: 1 }, false],
    [{ if: { required: ['a'] }, else: { required: ['b'] } }, {}, false],
    [{ properties: { a: true }, additionalProperties: false }, { constructor: 1 }, false],
    [{ required: ['toString'] }, {}, false],
  ])('%j with %j: %s', (schema, value, expected) => {
    expect(surelyFits(schema as SchemaNode, structuredClone(value))).toBe(expected)
    expect(validateByAjv({ ...schema }, value).problems.length === 0 || !expected).toBe(true)
  })

  it.each<object>([
    { oneOf: [{}] },
    { nonsense: 1 },
    { properties: { unused: { multipleOf: 2 } } },
    { items: [{ type: 'string' }] },
    { enum: [{ a: 1 }] },
    { required: 'a' },
  ])('is not certain of %j', schema => {
    expect(surelyFits(schema as SchemaNode, { a: 1 })).toBe(false)
  })
})
