import { expect, test } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import { validateAgainst } from '../../engine/base/json-schema.ts'

function shown(schema: object, value: Json): readonly string[] {
  return validateAgainst(schema, value).problems.map(
    ({ code, path, at, message, fix }) =>
      `${code} ${at} /${path.join('/')}: ${message}${fix === undefined ? '' : ` | ${fix}`}`,
  )
}

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['iou'],
  properties: {
    iou: { type: 'number', minimum: 0, maximum: 1, description: 'x' },
    max: { type: 'integer', exclusiveMinimum: 0, default: 1000, description: 'x' },
    rule: { enum: ['greedy', 'soft'], default: 'greedy', 'x-key': false, description: 'x' },
    sizes: { type: 'array', items: { type: 'integer', multipleOf: 32 }, minItems: 1, description: 'x' },
    exact: { type: 'boolean', description: 'x' },
    note: { type: 'string', minLength: 1, description: 'x' },
  },
}

test('defaults are filled in on a copy', () => {
  const given = { iou: 0.5 }
  expect(validateAgainst(params, given)).toEqual({ value: { iou: 0.5, max: 1000, rule: 'greedy' }, problems: [] })
  expect(given).toEqual({ iou: 0.5 })
})

test('every problem is said at once, each at its place', () => {
  const value = { iou: '0.5', max: 0, rule: 'sofd', sizes: [32, 33, 'x'], exact: 'yes', note: 5, mxa: 3 }
  expect(shown(params, value)).toEqual([
    'unknown-key key /mxa: unknown key `mxa`; allowed: iou, max, rule, sizes, exact, note | did you mean `max`?',
    'wrong-type value /iou: expected a number from 0 to 1, found "0.5" | remove the quotes: 0.5',
    'bad-value value /max: expected a whole number above 0, found 0',
    'bad-value value /rule: expected `greedy` or `soft`, found "sofd" | did you mean `soft`?',
    'bad-value value /sizes/1: expected a whole number that is a multiple of 32, found 33',
    'wrong-type value /sizes/2: expected a whole number that is a multiple of 32, found "x"',
    'wrong-type value /exact: expected `true` or `false`, found "yes" | write `true`',
    'wrong-type value /note: expected text that is not empty, found 5 | put it in quotes: "5"',
  ])
})

test('missing keys of one map are one problem at the map', () => {
  const schema = { type: 'object', required: ['a', 'b'], properties: { a: { type: 'string' }, b: { const: 1 } } }
  expect(shown({ type: 'array', items: schema }, [{}])).toEqual([
    'missing-key key /0: missing keys `a` and `b` | add `a:` and text; `b: 1`',
  ])
})

test('a key that an unknown one was meant to be is not missing as well', () => {
  expect(shown(params, { iuo: 0.5 })).toEqual([
    'unknown-key key /iuo: unknown key `iuo`; allowed: iou, max, rule, sizes, exact, note | did you mean `iou`?',
  ])
})

const view = {
  anyOf: [
    { type: 'number', exclusiveMinimum: 0 },
    { const: 'native' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['fit'],
      properties: { fit: { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2 } },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['square'],
      properties: { square: { type: 'integer' }, how: { enum: ['stretch', 'letterbox'] } },
    },
  ],
}

test('a value of no alternative is told all of them', () => {
  expect(shown(view, 'natve')).toEqual([
    'wrong-type value /: expected a number above 0, `native` or a map, found "natve" | did you mean `native`?',
  ])
  expect(shown(view, [1])).toEqual([
    'wrong-type value /: expected a number above 0, `native` or a map, found a list of 1',
  ])
})

test('a value with the shape of an alternative gets the problems of that one only', () => {
  expect(shown(view, { fit: [1333] })).toEqual([
    'bad-value value /fit: expected a list of 2 entries, found a list of 1',
  ])
  expect(shown(view, { square: 1024, how: 'letterbx' })).toEqual([
    'bad-value value /how: expected `stretch` or `letterbox`, found "letterbx" | did you mean `letterbox`?',
  ])
  expect(shown(view, -1)).toEqual(['bad-value value /: expected a number above 0, found -1'])
})

test('alternatives inside alternatives, and many values that meet the same ones, are narrowed each for itself', () => {
  const schema = { type: 'object', properties: { a: { anyOf: [view, { type: 'array', items: view }] } } }
  expect(shown(schema, { a: [1, 'x', { fit: ['y', 2] }, null] })).toEqual([
    'wrong-type value /a/1: expected a number above 0, `native` or a map, found "x"',
    'wrong-type value /a/2/fit/0: expected a whole number, found "y"',
    'wrong-type value /a/3: expected a number above 0, `native` or a map, found nothing',
  ])
})

test('keys with slashes, tildes and digits lead to the right place', () => {
  const schema = { type: 'object', additionalProperties: { type: 'object', additionalProperties: { type: 'number' } } }
  expect(validateAgainst(schema, { 'a/b~c': { '0': 'x' } }).problems[0]?.path).toEqual(['a/b~c', '0'])
})

test('conditions by if and then are not mentioned', () => {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  const schema = { if: { type: 'string' }, then: { pattern: '^x', 'x-expected': 'an x' }, else: { type: 'number' } }
  expect(shown(schema, 'y')).toEqual(['bad-value value /: expected an x, found "y"'])
  expect(shown(schema, true)).toEqual(['wrong-type value /: expected a number, found true'])
})

test('repeated entries are shown at the second', () => {
  expect(shown({ type: 'array', uniqueItems: true }, ['a', 'b', 'a'])).toEqual([
    'bad-value value /2: `a` is there twice | remove one of them',
  ])
})

test('parts are shared through definitions; recursive and dangling ones are bugs of the schema', () => {
  const schema = { definitions: { id: { type: 'integer' } }, type: 'array', items: { $ref: '#/definitions/id' } }
  expect(shown(schema, [1, 'a'])).toEqual(['wrong-type value /1: expected a whole number, found "a"'])
  expect(() => validateAgainst({ items: { $ref: '#/definitions/no' } }, [])).toThrow('points nowhere')
  const recursive = { definitions: { a: { items: { $ref: '#/definitions/a' } } }, $ref: '#/definitions/a' }
  expect(() => validateAgainst(recursive, [])).toThrow('recursive')
  expect(() => validateAgainst({ minimun: 1 }, 1)).toThrow('unknown keyword')
})

test('a list of 20,000 wrong entries gives as many problems in linear time', () => {
  const schema = { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'boolean' }] } }
  const problems = validateAgainst(
    schema,
    Array.from({ length: 20_000 }, (_, i) => i),
  ).problems
  expect(problems).toHaveLength(20_000)
  expect(problems[19_999]?.message).toBe('expected text or `true` or `false`, found 19999')
})
