import { afterEach, describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { joinItems } from '../../engine/run/columns.ts'
import { createRig, doneTasks, imbalance, type Rig } from '../helpers/rig.ts'

const ids = (text: string) => text.split('')

describe('joinItems', () => {
  it('takes equal items as they are', () => {
    const left = ids('abc')
    const joined = joinItems('step', 'exact', [
      { name: 'x.out', ids: left },
      { name: 'y.out', ids: ids('abc') },
    ])
    expect(joined).toEqual({ ids: left, positions: ['same', 'same'] })
  })

  it('lists what each input lacks when they differ', () => {
    const inputs = [
      { name: 'x.out', ids: ids('abcdefgh') },
      { name: 'y.out', ids: ids('az') },
    ]
    const error = errorOf(() => joinItems('step', 'exact', inputs))
    expect(error.diagnostic).toEqual({
      code: 'items-differ',
      message: 'the inputs of `step` do not have the same items',
      notes: [
        { message: '`x.out` has 8 items, and lacks z' },
        { message: '`y.out` has 2 items, and lacks b, c, d, e, f, … (7 in all)' },
      ],
      fix: 'add the missing ones, or say `join: inner` (items all have) or `join: left` (items of the first input) on the step',
    })
  })

  it('keeps what all have under inner, and what the first has under left', () => {
    const inputs = [
      { name: 'x.out', ids: ids('abd') },
      { name: 'y.out', ids: ids('bcd') },
    ]
    expect(joinItems('step', 'inner', inputs)).toEqual({
      ids: ids('bd'),
      positions: [Int32Array.of(1, 2), Int32Array.of(0, 2)],
    })
    expect(joinItems('step', 'left', inputs)).toEqual({
      ids: ids('abd'),
      positions: [Int32Array.of(0, 1, 2), Int32Array.of(-1, 0, 2)],
    })
  })
})

describe('a step with two sources', () => {
  let rig: Rig
  afterEach(() => rig.close())

  const pipeline = (join: string, after = '') => `maskloom: 1
name: joined
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  other: { uses: fake/texts, with: { path: other } }
  pair: { uses: fake/list, ${join} in: { texts: [texts.texts, other.texts] } }
  loud: { uses: fake/io-upper, in: { texts: pair.text } }
${after}outputs: { loud: loud.text }
`
  function rigWith(join: string): Rig {
    const made = createRig(pipeline(join), { a: 'apple', b: 'berry', c: 'cherry' })
    made.write('other/b.txt', 'BEE')
    made.write('other/c.txt', 'SEA')
    made.write('other/d.txt', 'DEE')
    return made
  }

  it('fails before it begins, with the whole list, when the items differ', async () => {
    rig = rigWith('')
    const run = await rig.run({ keepGoing: true })
    expect(run.finished.status).toBe('failed')
    const failed = run.events.filter(event => event.type === 'task.failed')
    expect(failed.map(event => [event.address, event.item, event.problem])).toEqual([
      [
        'pair',
        undefined,
        {
          code: 'items-differ',
          message: 'the inputs of `pair` do not have the same items',
          notes: [
            { message: '`texts.texts` has 3 items, and lacks d' },
            { message: '`other.texts` has 3 items, and lacks a' },
          ],
          fix: 'add the missing ones, or say `join: inner` (items all have) or `join: left` (items of the first input) on the step',
        },
      ],
    ])
    expect(imbalance(run)).toEqual({})
  })

  it('runs on the common items with join: inner', async () => {
    rig = rigWith('join: inner,')
    const run = await rig.run()
    expect(run.outputs).toEqual({ 'loud/b.txt': 'BERRY/BEE', 'loud/c.txt': 'CHERRY/SEA' })
    expect(imbalance(run)).toEqual({})
    expect((await rig.run()).executed).toEqual([])
  })

  it('runs on the items of the first input with join: left', async () => {
    rig = rigWith('join: left,')
    const run = await rig.run()
    expect(run.outputs).toEqual({ 'loud/a.txt': 'APPLE/-', 'loud/b.txt': 'BERRY/BEE', 'loud/c.txt': 'CHERRY/SEA' })
    expect(imbalance(run)).toEqual({})
  })

  it('makes up for an item that comes later', async () => {
    rig = rigWith('join: left,')
    await rig.run()
    rig.write('other/a.txt', 'AYE')
    const run = await rig.run()
    expect(run.outputs['loud/a.txt']).toBe('APPLE/AYE')
    expect(doneTasks(run)).toEqual(['loud a', 'other a', 'pair a'])
    expect(imbalance(run)).toEqual({})
  })

  it('gives every item the value of a whole collection', async () => {
    rig = createRig(
      `maskloom: 1
name: whole
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  all: { uses: fake/collect, in: { texts: texts.texts } }
  each: { uses: fake/with-all, in: { texts: texts.texts, all: all.text } }
outputs: { each: each.text }
`,
      { a: 'apple', b: 'berry' },
    )
    const run = await rig.run()
    expect(run.outputs).toEqual({ 'each/a.txt': 'apple of 18', 'each/b.txt': 'berry of 18' })
    expect((await rig.run()).executed).toEqual([])
  })
})

function errorOf(act: () => unknown): TaskError {
  try {
    act()
  } catch (error) {
    if (error instanceof TaskError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
