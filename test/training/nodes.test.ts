import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { trainingEpochList } from '../../nodes/training/epoch-list.ts'
import { trainingEpochOrder } from '../../nodes/training/epoch-order.ts'
import { trainingRebalance } from '../../nodes/training/rebalance.ts'
import { type Table, tableKind } from '../../nodes/values/table.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const pairs = (text: string): Table => ({
  columns: ['mask', 'class', 'image'],
  rows: text.split(' ').map(pair => ['', ...(pair.split(':') as [string, string])]),
})
const annotations = pairs('cat:a cat:b cat:b cat:c cat:d dog:a dog:e fox:f cat:h')
const fillAll = [{ ranks: [0, 9], rule: 'fill', target: 4 }]

async function balance(params: object, inputs: object = {}) {
  const run = testRun()
  const outputs = await runNode(
    trainingRebalance,
    { annotations, ...inputs },
    withDefaults(trainingRebalance, params),
    run,
  )
  const { counts, classes } = outputs as { counts: Table; classes: Table }
  tableKind.encode(counts)
  tableKind.encode(classes)
  return { counts, classes, notes: run.notes }
}

const countOf = ({ counts }: { counts: Table }) =>
  Object.fromEntries(counts.rows.map(([image, count]) => [image, count]))

describe('training/rebalance', () => {
  it('fills rare classes first and leaves out what it is told', async () => {
    const result = await balance({ groups: fillAll, leave_out: ['h'] }, { held_out: { ids: ['c'] } })
    // fox: f 4; dog: a, e 2 each; cat: a has 2, so b and d get one each.
    expect(countOf(result)).toEqual({ a: 2, b: 1, d: 1, e: 2, f: 4 })
    expect(result.counts.columns).toEqual(['image', 'count', 'round'])
    expect(result.classes.rows).toEqual([
      [0, 'cat', 3, 4],
      [1, 'dog', 2, 4],
      [2, 'fox', 1, 4],
    ])
  })

  it('knows extra images from those of the first source', async () => {
    const groups = [{ ranks: [0, 9], rule: 'set', count: 1, extra_count: 7 }]
    const counts = countOf(await balance({ groups }, { extra: pairs('cat:a cat:x') }))
    expect([counts['a'], counts['x']]).toEqual([1, 7])
  })

  it('gives other lots for another round, the same for the same', async () => {
    const groups = [{ ranks: [0, 0], rule: 'draw', target: 2 }]
    const drawn = async (round: number) => Object.keys(countOf(await balance({ groups, round }))).join('')
    expect(await drawn(3)).toBe(await drawn(3))
    expect(new Set(await Promise.all([0, 1, 2, 3, 4, 5].map(drawn))).size).toBeGreaterThan(1)
  })

  it('names the class when the authors’ rule runs out of images, and groups that contradict each other', async () => {
    const groups = [{ ranks: [1, 1], rule: 'draw', target: 9 }]
    await expect(balance({ groups, rule: 'openimages-2019' })).rejects.toThrow('the class dog lacks 9 places and has 2')
    const check = testCheck()
    const wrong = {
      groups: [
        { ranks: [3, 5], rule: 'fill', target: 1 },
        { ranks: [5, 6], rule: 'draw' },
      ],
    }
    await trainingRebalance.types!(withDefaults(trainingRebalance, wrong) as never, check.context)
    expect(check.problems).toEqual([{ param: 'groups', message: 'group 1 (draw) has no target' }])
    const shared = [...fillAll, { ranks: [9, 12], rule: 'at-least', count: 1 }]
    await expect(balance({ groups: shared })).rejects.toThrow(
      'group 1 (ranks 9 to 12) shares ranks with that of 0 to 9',
    )
  })

  it('says which column or cell is missing', async () => {
    const table = { columns: ['image', 'label'], rows: [] }
    await expect(balance({}, { annotations: table })).rejects.toThrow('input annotations has no column class')
    const empty = { columns: ['image', 'class'], rows: [['a', null]] }
    await expect(balance({}, { annotations: empty })).rejects.toThrow(
      'row 0 at input annotations has image a and class',
    )
  })
})

describe('training/epoch-order and training/epoch-list', () => {
  const counts = (round: number): Table => ({
    columns: ['image', 'count', 'round'],
    rows: [...'abcdefgh'].map((image, i) => [image, i < 6 ? 1 : 2, round]),
  })
  const order = async (round: number, rule = 'default') =>
    (await runNode(trainingEpochOrder, { counts: counts(round) }, { seed: 20, rule }))['order'] as Table

  it('puts every image as often as it counts, and says how often', async () => {
    const { columns, rows } = await order(2)
    expect(columns).toEqual(['position', 'image', 'count', 'round'])
    expect(rows.map(([position]) => position)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(
      rows
        .map(([, image]) => image)
        .sort()
        .join(''),
    ).toBe('abcdefgghh')
    expect(rows.every(([, image, count, round]) => count === ('gh'.includes(`${image}`) ? 2 : 1) && round === 2)).toBe(
      true,
    )
    const halves = [rows.slice(0, 5), rows.slice(5)].map(half => half.map(([, image]) => image))
    for (const half of halves) expect(half).toEqual(expect.arrayContaining(['g', 'h']))
    expect(await order(2, 'openimages-2019')).not.toEqual(await order(2))
  })

  it('refuses rounds that were mixed and counts that are none', async () => {
    const mixed = { columns: counts(1).columns, rows: [...counts(1).rows, ...counts(2).rows] }
    const run = (table: Table) => runNode(trainingEpochOrder, { counts: table }, { seed: 20, rule: 'default' })
    await expect(run(mixed)).rejects.toThrow('the counts are of 2 rounds')
    await expect(run({ columns: counts(1).columns, rows: [['a', 1.5, 0]] })).rejects.toThrow('row 0, column count')
  })

  it('writes rounds by their number, not by the order of their texts', async () => {
    const orders = [await order(10), await order(9)]
    const list = async (params: object) => {
      const { file } = await runNode(trainingEpochList, { orders }, withDefaults(trainingEpochList, params))
      return (await readFile(file as string, 'utf8')).trimEnd().split('\n')
    }
    const names = await list({})
    expect(names).toEqual([...orders[1]!.rows, ...orders[0]!.rows].map(([, image]) => `${image}.jpg`))
    const csv = await list({ format: 'csv', suffix: '' })
    expect(csv[0]).toBe('position,image,count,round')
    expect(csv[11]).toBe(`10,${orders[0]!.rows[0]![1]},${orders[0]!.rows[0]![2]},10`)
  })
})
