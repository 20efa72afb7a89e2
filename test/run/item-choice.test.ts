import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { chooseItems, type ItemChoice } from '../../engine/run/item-choice.ts'

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

function kept(choice: ItemChoice, ids: readonly string[] = letters, reference: readonly string[] = ids): string {
  return ids.filter(chooseItems(choice, reference)).join('')
}

function problem(choice: ItemChoice, reference: readonly string[] = letters) {
  try {
    chooseItems(choice, reference)
  } catch (error) {
    if (error instanceof TaskError) return error.diagnostic
    throw error
  }
  return undefined
}

describe('parts of the items', () => {
  it('are contiguous and differ in size by at most one', () => {
    expect([1, 2, 3].map(index => kept({ shard: { index, count: 3 } }))).toEqual(['ab', 'cd', 'efg'])
    expect(kept({ shard: { index: 1, count: 1 } })).toBe('abcdefg')
    expect(letters.map((_, i) => kept({ shard: { index: i + 1, count: 7 } }))).toEqual(letters)
  })

  it('hold every id of every source exactly once, and the same ids of all sources', () => {
    const idList = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(idList, idList, fc.nat(), (some, others, pick) => {
        const reference = [...some].sort()
        const count = 1 + (pick % reference.length)
        const rules = Array.from({ length: count }, (_, i) =>
          chooseItems({ shard: { index: i + 1, count } }, reference),
        )
        for (const id of [...reference, ...others]) expect(rules.filter(keep => keep(id))).toHaveLength(1)
        const sizes = rules.map(keep => reference.filter(keep).length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        // In order: all of one part before all of the next.
        const order = reference.map(id => rules.findIndex(keep => keep(id)))
        expect(order).toEqual([...order].sort((a, b) => a - b))
      }),
    )
  })

  it('take ids that the reference lacks with the stretch they lie in', () => {
    const other = ['A', 'a', 'bb', 'd', 'dd', 'z']
    expect([1, 2, 3].map(index => kept({ shard: { index, count: 3 } }, other, letters))).toEqual(['Aabb', 'ddd', 'z'])
  })

  it('can be parts of a list of ids', () => {
    const ids = new Set(['g', 'b', 'c', 'f'])
    expect(kept({ ids })).toBe('bcfg')
    expect([1, 2].map(index => kept({ ids, shard: { index, count: 2 } }))).toEqual(['bc', 'fg'])
  })

  it('are at most as many as there are items', () => {
    expect(problem({ shard: { index: 2, count: 8 } })).toMatchObject({
      code: 'bad-argument',
      message: '7 items cannot be cut into 8 parts',
    })
    expect(problem({ ids: new Set(['a']), shard: { index: 1, count: 2 } })?.message).toBe(
      '1 item cannot be cut into 2 parts',
    )
  })
})

describe('ids that are not there', () => {
  it('are named, with the nearest one that is', () => {
    expect(problem({ ids: new Set(['cats/01', 'dogs/3']) }, ['cats/01', 'dogs/03'])).toEqual({
      code: 'bad-argument',
      message: '--items names an item that the run does not have: `dogs/3`',
      fix: 'did you mean `dogs/03`?',
    })
  })

  it('are counted when there are many, and an example shows what ids look like', () => {
    const ids = new Set(Array.from({ length: 9 }, (_, i) => `/data/photos/holiday-${i}.jpeg`))
    expect(problem({ ids }, ['x'])).toMatchObject({
      message: expect.stringMatching(/9 items .* and 4 more$/),
      fix: 'ids look like `x` (path below the source, without extension)',
    })
  })
})
