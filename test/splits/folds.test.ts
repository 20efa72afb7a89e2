import { describe, expect, it } from 'vitest'
import { splitsFolds } from '../../nodes/splits/folds.ts'
import { type Selection, selectionKind } from '../../nodes/values/selection.ts'
import { type Table, tableKind } from '../../nodes/values/table.ts'
import { collectionOf } from '../helpers/collections.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const labelled = (texts: { [id: string]: string }) =>
  collectionOf(Object.fromEntries(Object.entries(texts).map(([id, text]) => [id, { text }])))

interface Given {
  readonly labels?: { [id: string]: string }
  readonly groups?: { [id: string]: string }
}

async function folds(ids: readonly string[], { labels, groups }: Given, params: object) {
  const run = testRun()
  const inputs = {
    items: collectionOf(Object.fromEntries(ids.map(id => [id, {}]))),
    ...(labels && { labels: labelled(labels) }),
    ...(groups && { groups: labelled(groups) }),
  }
  const outputs = await runNode(splitsFolds, inputs, withDefaults(splitsFolds, params), run)
  const { train, valid, table } = outputs as { train: Selection; valid: Selection; table: Table }
  selectionKind.encode(train)
  selectionKind.encode(valid)
  tableKind.encode(table)
  expect([...train.ids, ...valid.ids].sort()).toEqual([...ids].sort())
  return { valid: valid.ids, train: train.ids, table, notes: run.notes }
}

const six = ['a', 'b', 'c', 'd', 'e', 'f']

/** The held-out items of every fold. */
async function parts(ids: readonly string[], given: Given, count: number, params: object = {}) {
  const found: (readonly string[])[] = []
  for (let fold = 0; fold < count; fold++)
    found.push((await folds(ids, given, { ...params, folds: count, fold })).valid)
  return found
}

describe('splits/folds', () => {
  it('holds out every item once', async () => {
    expect(await parts(six, {}, 3)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ])
  })

  it('shares labels out evenly', async () => {
    const labels = { a: 'x', b: 'x', c: 'x', d: 'y', e: 'y', f: 'y' }
    expect(await parts(six, { labels }, 3)).toEqual([
      ['a', 'd'],
      ['b', 'e'],
      ['c', 'f'],
    ])
  })

  it('never divides a group, with labels or without', async () => {
    const groups = { a: 'p', b: 'q', c: 'p', d: 'q', e: 'r', f: 'r' }
    const labels = { a: 'x', b: 'y', c: 'x', d: 'y', e: 'x', f: 'y' }
    const together = [
      ['a', 'c'],
      ['b', 'd'],
      ['e', 'f'],
    ]
      .map(String)
      .sort()
    expect((await parts(six, { groups }, 3)).map(String).sort()).toEqual(together)
    expect((await parts(six, { groups, labels }, 3)).map(String).sort()).toEqual(together)
  })

  it('keeps children of one parent together, and what shares a group with any of them', async () => {
    const ids = ['s/1', 's/2', 't/1', 't/2', 'u', 'v']
    expect(await parts(ids, {}, 2)).toEqual([
      ['t/1', 't/2', 'v'],
      ['s/1', 's/2', 'u'],
    ])
    const groups = { 's/1': 'p', 's/2': 'q', 't/1': 'r', 't/2': 's', u: 'q', v: 'z' }
    const held = await parts(ids, { groups }, 2)
    expect(held).toContainEqual(['s/1', 's/2', 'u'])
    expect(await parts(ids, {}, 6, { siblings: 'apart' })).toEqual(ids.map(id => [id]))
  })

  it('tells what belongs where', async () => {
    const groups = { a: 'p', b: 'p', c: 'q', d: 'r', e: 'q', f: 'r' }
    const { table } = await folds(
      six,
      { groups, labels: { a: '1', b: '1', c: '1', d: '2', e: '2', f: '2' } },
      { folds: 2, fold: 0 },
    )
    expect(table.columns).toEqual(['item', 'fold', 'label', 'group'])
    expect(table.rows.map(row => [row[0], row[2], row[3]])).toEqual([
      ['a', '1', 'p'],
      ['b', '1', 'p'],
      ['c', '1', 'q'],
      ['d', '2', 'r'],
      ['e', '2', 'q'],
      ['f', '2', 'r'],
    ])
  })

  it('shuffles by a seed, the same way every time and whatever else is there', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `i${i}`)
    const once = await folds(many, {}, { folds: 4, fold: 1, seed: 7 })
    expect(await folds([...many].reverse(), {}, { folds: 4, fold: 1, seed: 7 })).toEqual(once)
    expect((await folds(many, {}, { folds: 4, fold: 1, seed: 8 })).valid).not.toEqual(once.valid)
    expect((await folds(many, {}, { folds: 4, fold: 1 })).valid).not.toEqual(once.valid)
    expect(once.valid).toHaveLength(10)
  })

  it('refuses more parts than there are items or groups, and remarks on labels that are too rare', async () => {
    await expect(folds(['a', 'b'], {}, { folds: 3, fold: 0 })).rejects.toThrow('2 items cannot be divided into 3 parts')
    await expect(folds(['s/1', 's/2'], {}, { folds: 2, fold: 0 })).rejects.toThrow('1 groups cannot be divided into 2')
    const labels = { a: 'x', b: 'x', c: 'x', d: 'y', e: 'x', f: 'x' }
    expect((await folds(six, { labels }, { folds: 3, fold: 0 })).notes).toEqual(['fewer items than parts: y (1)'])
    const check = testCheck()
    await splitsFolds.types!({ folds: 3, fold: 3 } as never, check.context)
    expect(check.problems).toEqual([{ param: 'fold', message: 'there is no part 3 of 3', fix: '0 to 2' }])
  })
})
