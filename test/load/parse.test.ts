import { expect, test } from 'vitest'
import { locator } from '../../engine/load/locate.ts'
import { parseYaml } from '../../engine/load/parse.ts'

const file = '/project/x.yaml'

function textAt(text: string, path: readonly (string | number)[], at?: 'key' | 'value'): string {
  const { tree, problems } = parseYaml(text, file)
  expect(problems).toEqual([])
  const { start, end } = locator(file, tree)(path, at)
  return text.slice(start, end)
}

const codesOf = (text: string) => parseYaml(text, file).problems.map(({ code }) => code)

test('a path leads to the text of its value or of its key', () => {
  const text = 'a:\n  b: [1, "two"]\n  c: {d: x}\n'
  expect(textAt(text, ['a', 'b', 1])).toBe('"two"')
  expect(textAt(text, ['a', 'c', 'd'])).toBe('x')
  expect(textAt(text, ['a', 'c', 'd'], 'key')).toBe('d')
  expect(textAt(text, ['a', 'c'])).toBe('{d: x}')
  expect(textAt(text, ['a'])).toBe('b: [1, "two"]\n  c: {d: x}')
  expect(textAt(text, [])).toBe('a')
})

test('the nearest existing ancestor stands in for a path that does not exist', () => {
  const text = 'a:\n  b: 1\n'
  expect(textAt(text, ['a', 'x', 'y'])).toBe('a')
  expect(textAt(text, ['a', 'b', 3])).toBe('b')
  expect(textAt(text, ['z'])).toBe('a')
})

test('an empty value is shown at its key', () => {
  expect(textAt('a:\n  b:\n  c: 1\n', ['a', 'b'])).toBe('b')
})

test('an alias is shown where it is used, what is in it where it is written', () => {
  const text = 'a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\nf: {<<: [{b: 7}, *x]}\n'
  expect(textAt(text, ['c'])).toBe('*x')
  expect(textAt(text, ['c', 'b'])).toBe('1')
  expect(parseYaml(text, file).tree.json).toEqual({ a: { b: 1 }, c: { b: 1 }, d: { e: 2, b: 1 }, f: { b: 7 } })
  const merged = locator(file, parseYaml(text, file).tree)(['d', 'b'], 'key')
  expect(merged.start).toBe(text.indexOf('b: 1'))
})

test('an anchor that is used again means its latest value', () => {
  expect(parseYaml('a: &x 1\nb: *x\nc: &x 2\nd: *x\n', file).tree.json).toEqual({ a: 1, b: 1, c: 2, d: 2 })
})

test('a quoted << is an ordinary key', () => {
  expect(parseYaml('a: {"<<": 1}\n', file).tree.json).toEqual({ a: { '<<': 1 } })
})

test('a value that contains itself is refused', () => {
  expect(codesOf('a: &x [1, *x]\n')).toEqual(['unknown-anchor'])
})

test('aliases that multiply are refused without being spelled out', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`)
  expect(codesOf(`l0: &l0 lol\n${levels.join('\n')}\n`)).toEqual(['too-large'])
})

test('aliases that stack up to a great depth are refused', () => {
  const levels = Array.from({ length: 300 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}]`)
  expect(codesOf(`l0: &l0 x\n${levels.join('\n')}\n`)).toEqual(['too-large'])
})

test('files, maps and lists beyond human size are refused', () => {
  expect(codesOf(`# ${'x'.repeat(1_048_576)}\n`)).toEqual(['too-large'])
  const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1`).join('\n')
  expect(codesOf(keys(5_000))).toEqual([])
  expect(codesOf(keys(5_001))).toEqual(['too-large'])
  expect(codesOf(`[${'1,'.repeat(5_001)}]`)).toEqual(['too-large'])
  expect(codesOf('['.repeat(100_000))).toEqual(['too-large'])
})

test('a byte order mark and Windows line ends do not matter', () => {
  expect(parseYaml('\uFEFFa: 1\r\nb: |\r\n  x\r\n', file).tree.json).toEqual({ a: 1, b: 'x\n' })
})

test('references survive in every kind of scalar, and private characters of the file are left alone', () => {
  const text = 'a: x${params.a}\nb: "${params.b}"\nc: [\'${params.c}\']\nd: |\n  ${params.d}\n${x}: 1\n'
  expect(parseYaml(text, file).tree.json).toEqual({
    a: 'x${params.a}',
    b: '${params.b}',
    c: ['${params.c}'],
    d: '${params.d}\n',
    '${x}': 1,
  })
  expect(parseYaml('a: \uE000\nb: "${params.b}"\n', file).tree.json).toEqual({ a: '\uE000', b: '${params.b}' })
})
