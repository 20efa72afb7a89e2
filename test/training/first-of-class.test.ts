import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { trainingFirstOfClass } from '../../nodes/training/first-of-class.ts'
import { classesOf } from '../helpers/collections.ts'
import { runNode } from '../helpers/run-context.ts'

const classes = classesOf('cat', 'dog')

async function choose(rows: readonly (readonly [string, string])[], params: object) {
  const annotations = { columns: ['class', 'image'], rows: rows.map(([image, name]) => [name, image]) }
  const { chosen, table } = (await runNode(trainingFirstOfClass, { annotations, classes }, params)) as {
    chosen: { ids: string[] }
    table: { rows: unknown[] }
  }
  return { ids: chosen.ids, table: table.rows }
}

describe('training/first-of-class', () => {
  it('counts annotations as the published code does, or images', async () => {
    const rows = [
      ['b', 'cat'],
      ['b', 'cat'],
      ['a', 'cat'],
      ['c', 'fish'],
      ['d', 'dog'],
    ] as const
    expect(await choose(rows, { per_class: 2, count: 'rows' })).toEqual({
      ids: ['b', 'd'],
      table: [
        ['cat', 2, 1],
        ['dog', 1, 1],
      ],
    })
    expect(await choose(rows, { per_class: 2, count: 'images' })).toEqual({
      ids: ['a', 'b', 'd'],
      table: [
        ['cat', 3, 2],
        ['dog', 1, 1],
      ],
    })
  })

  it('equals the first rows of each class, united', async () => {
    const cases: [[string, string][], number][] = []
    assert(
      property(
        array(tuple(constantFrom('a', 'b', 'c', 'd', 'e'), constantFrom('cat', 'dog', 'fish'))),
        integer({ min: 1, max: 4 }),
        (rows, perClass) => {
          cases.push([rows, perClass])
        },
      ),
    )
    for (const [rows, perClass] of cases) {
      const united = new Set<string>()
      for (const name of ['cat', 'dog']) {
        for (const [image] of rows.filter(row => row[1] === name).slice(0, perClass)) united.add(image)
      }
      expect((await choose(rows, { per_class: perClass, count: 'rows' })).ids).toEqual([...united].sort())
    }
  })

  it('names a column that is missing', async () => {
    const annotations = { columns: ['image'], rows: [] }
    const params = { per_class: 2, count: 'rows' }
    await expect(async () => runNode(trainingFirstOfClass, { annotations, classes }, params)).rejects.toThrow(
      'the table at input annotations has no column class; its columns are image',
    )
  })
})
