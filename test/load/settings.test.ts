import { expect, test } from 'vitest'
import type { ParamDeclaration, ParamType } from '../../engine/contract/pipeline.ts'
import { mergeSettings, settingsFromArguments, settingsFromFile } from '../../engine/load/settings.ts'
import { shownProblems } from '../helpers/broken.ts'

function param(
  name: string,
  type: ParamType,
  more: Partial<ParamDeclaration> = {},
): readonly [string, ParamDeclaration] {
  const none = { items: undefined, default: undefined, minimum: undefined, maximum: undefined, enum: undefined }
  return [name, { name, type, description: '', ...none, ...more }]
}

const declarations = new Map([
  param('title', 'string'),
  param('iou', 'number', { minimum: 0, maximum: 1 }),
  param('max', 'integer'),
  param('exact', 'boolean'),
  param('images', 'path'),
  param('scales', 'list', { items: 'integer' }),
  param('weights', 'map'),
  param('flip', 'string', { enum: ['none', 'horizontal'] }),
])

function set(...assignments: string[]) {
  return settingsFromArguments(assignments, declarations, '/project')
}

function complaint(assignment: string): string {
  const { problems, values } = set(assignment)
  expect(problems).toHaveLength(1)
  expect(values.size).toBe(0)
  return `${problems[0]?.message} | ${problems[0]?.fix}`
}

test('values are read by the declared type', () => {
  const { values, problems } = set(
    'title=007',
    'iou=0.5',
    'max=1e2',
    'exact=false',
    'images=data/a=b',
    'scales=[208, 256]',
    'weights={ model: { L1: 2 } }',
    'flip=none',
  )
  expect(problems).toEqual([])
  expect(Object.fromEntries([...values].map(([name, { value }]) => [name, value]))).toEqual({
    title: '007',
    iou: 0.5,
    max: 100,
    exact: false,
    images: 'data/a=b',
    scales: [208, 256],
    weights: { model: { L1: 2 } },
    flip: 'none',
  })
  expect(values.get('images')?.baseDirectory).toBe('/project')
})

test('empty text is text', () => {
  expect(set('title=').values.get('title')?.value).toBe('')
})

test('what does not fit is refused with what would', () => {
  expect(complaint('exact=yes')).toBe('`--set exact=yes`: expected `true` or `false`, found "yes" | write `true`')
  expect(complaint('exact=0')).toBe('`--set exact=0`: expected `true` or `false`, found "0" | undefined')
  expect(complaint('iou=2')).toBe('`--set iou=2`: expected a number from 0 to 1, found 2 | undefined')
  expect(complaint('iou=half')).toBe('`--set iou=half`: expected a number from 0 to 1, found "half" | undefined')
  expect(complaint('max=2.5')).toBe('`--set max=2.5`: expected a whole number, found 2.5 | undefined')
  expect(complaint('max=0x10')).toBe('`--set max=0x10`: expected a whole number, found "0x10" | undefined')
  expect(complaint('scales=208')).toBe('`--set scales=208`: expected a list, found 208 | write it as a list: [208]')
  expect(complaint('scales=[208, wide]')).toBe(
    '`--set scales=[208, wide]`: expected a whole number, found "wide" | undefined',
  )
  expect(complaint('scales=[208')).toBe(
    '`--set scales=[208`: at character 1 of the value, this `[` is never closed | close it, or indent the lines that continue it',
  )
  expect(complaint('flip=horizntal')).toBe(
    '`--set flip=horizntal`: expected `none` or `horizontal`, found "horizntal" | did you mean `horizontal`?',
  )
})

test('unknown names get the nearest known one', () => {
  expect(complaint('iuo=0.5')).toBe('`--set iuo=0.5`: the pipeline has no parameter `iuo` | did you mean `iou`?')
  expect(complaint('iou')).toBe('expected NAME=VALUE, found `--set iou` | write `--set name=value`')
  expect(complaint('=1')).toBe('expected NAME=VALUE, found `--set =1` | write `--set name=value`')
})

test('a name set twice is refused', () => {
  const { problems } = set('iou=0.5', 'iou=0.6')
  expect(problems.map(({ message }) => message)).toEqual(['`--set iou=0.6`: `iou` is set twice'])
})

test('a parameter file is read as a map, with the place of every problem', () => {
  const text = 'iou: 1.5\nscale: [1]\nscales: [208, x]\nimages: ../data\nmax: 1\nmax: 2\n'
  const { values, problems } = settingsFromFile('/project/settings/a.yaml', text, declarations)
  expect(values.get('images')).toEqual({
    value: '../data',
    baseDirectory: '/project/settings',
    at: { file: '/project/settings/a.yaml', start: 45, end: 52 },
  })
  expect(shownProblems(problems, () => text)).toBe(`1:6-9 bad-value  expected a number from 0 to 1, found 1.5
2:1-6 unknown-param  the pipeline has no parameter \`scale\`
  fix: did you mean \`scales\`?
3:15-16 wrong-type  expected a whole number, found "x"
6:1-4 duplicate-key  the key \`max\` is there twice
  note 5:1-4 first given here
  fix: remove or rename one of them`)
})

test('a parameter file that is no map, or no YAML, is refused', () => {
  expect(settingsFromFile('/p/a.yaml', '- 1\n', declarations).problems.map(({ code }) => code)).toEqual(['wrong-type'])
  expect(settingsFromFile('/p/a.yaml', 'a: [\n', declarations).problems.map(({ code }) => code)).toEqual(['syntax'])
  expect(settingsFromFile('/p/a.yaml', '# none\n', declarations).problems).toEqual([])
})

test('later settings win over earlier ones', () => {
  const fromFile = settingsFromFile('/p/a.yaml', 'iou: 0.1\nmax: 3\n', declarations)
  const { values } = mergeSettings([fromFile, set('iou=0.9')])
  expect([...values].map(([name, { value }]) => [name, value])).toEqual([
    ['iou', 0.9],
    ['max', 3],
  ])
})
