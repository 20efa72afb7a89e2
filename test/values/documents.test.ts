import { describe, expect, it } from 'vitest'
import { ancestorsOfEach, hierarchyKind } from '../../nodes/values/hierarchy.ts'
import { metricsKind } from '../../nodes/values/metrics.ts'
import { selectionKind } from '../../nodes/values/selection.ts'
import { tableKind } from '../../nodes/values/table.ts'
import { classesOf } from '../helpers/collections.ts'

describe('the hierarchy kind', () => {
  const diamond = { ...classesOf('leaf', 'left', 'right', 'top'), parents: [[1, 2], [3], [3], []] }

  it('reaches every ancestor once when a class has several parents', () => {
    expect(ancestorsOfEach(diamond)).toEqual([[1, 2, 3], [3], [3], []])
  })

  it('gives back what was encoded', () => {
    expect(hierarchyKind.decode(hierarchyKind.encode(diamond) as Uint8Array)).toEqual(diamond)
  })

  it('refuses circles, unknown labels and missing lists', () => {
    const two = classesOf('a', 'b')
    expect(() => hierarchyKind.encode({ ...two, parents: [[1], [0]] })).toThrow('class 0 (a) is its own ancestor')
    expect(() => hierarchyKind.encode({ ...two, parents: [[2], []] })).toThrow('class 0 (a) has the parent 2')
    expect(() => hierarchyKind.encode({ ...two, parents: [[]] })).toThrow('2 classes but 1 lists of parents')
  })
})

describe('the metrics kind', () => {
  it('keeps undefined numbers as null and refuses NaN', () => {
    const metrics = { box: { AP: 0.5, APl: null } }
    expect(metricsKind.decode(metricsKind.encode(metrics) as Uint8Array)).toEqual(metrics)
    expect(() => metricsKind.encode({ box: { AP: Number.NaN } })).toThrow('box / AP is NaN')
  })
})

describe('the table kind', () => {
  it('gives back rows and refuses ragged ones', () => {
    const table = { columns: ['class', 'AP'], rows: [['a', 0.5] as const, ['b', null] as const] }
    expect(tableKind.decode(tableKind.encode(table) as Uint8Array)).toEqual(table)
    expect(() => tableKind.encode({ columns: ['a'], rows: [[1, 2]] })).toThrow('row 0 has 2 cells')
    expect(() => tableKind.encode({ columns: ['a'], rows: [[Number.NaN]] })).toThrow('row 0, column a is NaN')
  })
})

describe('a table in the terminal', () => {
  it('ends after 20 rows and says how many there are', () => {
    const rows = Array.from({ length: 22 }, (_, i) => [i])
    const lines = tableKind.print!({ columns: ['n'], rows }).split('\n')
    expect([lines.length, lines.at(-1)]).toEqual([22, '… and 2 more rows, in the file'])
  })

  it('is turned when it has few rows and many columns', () => {
    const columns = ['fold', ...'abcdefgh']
    const rows = [
      ['one', 1, 2, 3, 4, 5, 6, 7, 8],
      ['two', 1.5, null, 3, 4, 5, 6, 7, 80],
    ]
    const lines = tableKind.print!({ columns, rows }).split('\n')
    expect(lines.slice(0, 3)).toEqual(['fold  one  two', 'a     1    1.5000', 'b     2    –'])
    expect(lines).toHaveLength(9)
  })
})

it('a selection is printed in one line', () => {
  const ids = Array.from({ length: 12 }, (_, i) => `i${i}`)
  expect(selectionKind.print!({ ids: ids.slice(0, 2) })).toBe('2 items: i0, i1')
  expect(selectionKind.print!({ ids })).toBe(`12 items: ${ids.slice(0, 10).join(', ')}, … and 2 more, in the file`)
  expect(selectionKind.print!({ ids: [] })).toBe('no items')
})
