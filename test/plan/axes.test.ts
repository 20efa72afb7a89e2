import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import { axesOf, combinations, coordinateId } from '../../engine/plan/axes.ts'

function product(axes: { readonly [name: string]: Json }, more: { where?: object[]; add?: object[] } = {}) {
  const problems: string[] = []
  const matrix = {
    form: 'product' as const,
    axes: new Map(Object.entries(axes)),
    where: (more.where ?? []) as { [axis: string]: string[] }[],
    add: (more.add ?? []) as { [axis: string]: Json }[],
  }
  const cells = combinations(matrix, (path, message) => problems.push(`${path.join('.')}: ${message}`))
  return {
    cells: cells.map(({ ids }) => Object.values(ids).join(' ')),
    values: cells.map(cell => cell.values),
    problems,
  }
}

describe('the id of a coordinate', () => {
  it.each<[Json, string | undefined]>([
    [208, '208'],
    ['horizontal', 'horizontal'],
    [true, 'true'],
    [0.5, '0.5'],
    ['models/L1', 'L1'],
    ['../models/L1/', 'L1'],
    ['C:\\models\\L1', 'L1'],
    [{ id: 'wide', fit: [1333, 800] }, 'wide'],
    [{ id: 3 }, '3'],
    [{ fit: [1333, 800] }, undefined],
    [{ id: true }, undefined],
    [[1, 2], undefined],
    [null, undefined],
    ['', ''],
  ])('of %j is %s', (entry, id) => {
    expect(coordinateId(entry)).toBe(id)
  })
})

describe('a product', () => {
  it('has every combination, each axis in the order of its ids', () => {
    const { cells } = product({ model: ['m/L2', 'm/L1'], scale: [272, 208] })
    expect(cells).toEqual(['L1 208', 'L1 272', 'L2 208', 'L2 272'])
  })

  it('sorts ids by code unit, not as numbers or by locale', () => {
    expect(product({ scale: [1000, 208, 64] }).cells).toEqual(['1000', '208', '64'])
    expect(product({ name: ['ä', 'z', 'B', 'a'] }).cells).toEqual(['B', 'a', 'z', 'ä'])
  })

  it('keeps the values behind the ids, maps included', () => {
    const { values } = product({ scale: [{ id: 'wide', fit: [1333, 800] }, 208] })
    expect(values).toEqual([{ scale: 208 }, { scale: { id: 'wide', fit: [1333, 800] } }])
  })

  it('is cut by `where`: all conditions must hold, of each the listed ids', () => {
    const axes = { model: ['L1', 'L2', 'L3'], flip: ['none', 'horizontal'] }
    expect(product(axes, { where: [{ model: ['L1', 'L3'], flip: ['none'] }] }).cells).toEqual(['L1 none', 'L3 none'])
    expect(product(axes, { where: [{ model: ['L1', 'L2'] }, { model: ['L2', 'L3'], flip: ['none'] }] }).cells).toEqual([
      'L2 none',
    ])
  })

  it('is extended by `add`, with the values of the axes where their ids are meant', () => {
    const { cells, values } = product(
      { model: [{ id: 'L1', path: 'm/L1' }], flip: ['none'] },
      { add: [{ model: 'L1', flip: 'vertical' }] },
    )
    expect(cells).toEqual(['L1 none', 'L1 vertical'])
    expect(values[1]).toEqual({ model: { id: 'L1', path: 'm/L1' }, flip: 'vertical' })
  })

  it('may have ten thousand cells and no more', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i)
    expect(product({ a: hundred, b: hundred }).cells).toHaveLength(10_000)
    const { cells, problems } = product({ a: hundred, b: [...hundred, 100] })
    expect(cells).toEqual([])
    expect(problems).toEqual([': the matrix has 100 a × 101 b = 10100 cells, more than 10000'])
  })
})

describe('rows', () => {
  it('are one axis named row', () => {
    const rows = [{ id: 'b', model: 'm/L2' }, { id: 'a', model: 'm/L1' }, 'plain']
    const cells = combinations({ form: 'rows', rows }, () => {})
    expect(cells.map(({ ids }) => ids)).toEqual([{ row: 'a' }, { row: 'b' }, { row: 'plain' }])
    expect(cells[0]?.values).toEqual({ row: { id: 'a', model: 'm/L1' } })
  })
})

describe('the axes that combinations span', () => {
  it('list each id once, in order, without those that are gone', () => {
    const cells = combinations(
      {
        form: 'product',
        axes: new Map<string, Json>([
          ['model', ['L2', 'L1']],
          ['flip', ['none', 'horizontal']],
        ]),
        where: [{ flip: ['none'] }],
        add: [],
      },
      () => {},
    )
    expect(axesOf(['model', 'flip'], cells)).toEqual([
      {
        name: 'model',
        entries: [
          { id: 'L1', value: 'L1' },
          { id: 'L2', value: 'L2' },
        ],
      },
      { name: 'flip', entries: [{ id: 'none', value: 'none' }] },
    ])
  })
})
