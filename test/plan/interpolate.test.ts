import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import { interpolate, type Scope } from '../../engine/plan/interpolate.ts'

const scope: Scope = {
  params: { iou: 0.5, models: ['L1', 'L2'], on: false, nothing: '', 'dash-ed': 1, map: { a: { b: 2 } } },
  matrix: { model: 'models/L1', view: { id: 'wide', fit: [1333, 800], zero: 0 } },
  env: { HOME: '/home/ada' },
  unknown: new Set(['params.missing', 'matrix.gone']),
}

function result(tree: Json): { value: Json | undefined; problems: readonly string[] } {
  const problems: string[] = []
  const value = interpolate(tree, scope, (message, fix) => problems.push(`${message} | ${fix}`))
  return { value, problems }
}

describe('a reference', () => {
  it.each<[string, Json]>([
    ['${params.iou}', 0.5],
    ['${ params.iou }', 0.5],
    ['${params.models}', ['L1', 'L2']],
    ['${params.on}', false],
    ['${params.nothing}', ''],
    ['${params.dash-ed}', 1],
    ['${matrix.view.fit}', [1333, 800]],
    ['${matrix.view.zero}', 0],
    ['${matrix.view}', { id: 'wide', fit: [1333, 800], zero: 0 }],
    ['${env.HOME}', '/home/ada'],
  ])('that is the whole text keeps the type of the value: %s', (text, value) => {
    expect(result(text)).toEqual({ value, problems: [] })
  })

  it.each<[string, string]>([
    ['${env.HOME}/${matrix.model}.yaml', '/home/ada/models/L1.yaml'],
    ['iou ${params.iou}', 'iou 0.5'],
    ['${params.on}${params.on}', 'falsefalse'],
    ['$${params.iou}', '${params.iou}'],
    ['$${a} and ${params.iou}', '${a} and 0.5'],
    ['cost: 5$', 'cost: 5$'],
    ['{params.iou}', '{params.iou}'],
  ])('inside a longer text becomes text: %s', (text, value) => {
    expect(result(text)).toEqual({ value, problems: [] })
  })

  it('is found at any depth, and keys are left alone', () => {
    const tree = { '${params.iou}': [{ a: '${params.iou}' }, 'x', 3, null] }
    expect(result(tree).value).toEqual({ '${params.iou}': [{ a: 0.5 }, 'x', 3, null] })
  })

  it('to a list or a map cannot stand inside a longer text', () => {
    expect(result('a ${params.models}')).toEqual({
      value: undefined,
      problems: [
        '`${params.models}` is a list of 2 and cannot stand inside a longer text | let it stand alone, or refer to one of its values',
      ],
    })
  })

  it('to a field that is not there says what there is', () => {
    expect(result('${matrix.view.fitt}').problems).toEqual([
      '`matrix.view` is the entry `wide` here, which has no field `fitt` | did you mean `fit`?',
    ])
    expect(result('${matrix.model.path}').problems).toEqual([
      '`matrix.model` is "models/L1" here, which has no fields | write `${matrix.model}`',
    ])
  })

  it('to an environment variable that is not set says so', () => {
    expect(result('${env.DATA}/x').problems).toEqual([
      'the environment variable `DATA` is not set | set it: `DATA=… maskloom …`',
    ])
  })

  it('to what is not known makes the whole unknown, without a word', () => {
    expect(result('${params.missing}')).toEqual({ value: undefined, problems: [] })
    expect(result(['a', { b: 'x ${matrix.gone.field}' }])).toEqual({ value: undefined, problems: [] })
  })

  it('that loading should have refused is a bug', () => {
    expect(() => result('${params.nobody}')).toThrow('internal')
  })
})

it('trees without a reference come out as they are', () => {
  const plain = fc.jsonValue().filter(value => !JSON.stringify(value).includes('${'))
  fc.assert(
    fc.property(plain, tree => {
      expect(result(tree as Json)).toEqual({ value: tree, problems: [] })
    }),
  )
})
