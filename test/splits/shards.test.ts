import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { splitsShards } from '../../nodes/splits/shards.ts'
import { type Selection, selectionKind } from '../../nodes/values/selection.ts'
import type { Table } from '../../nodes/values/table.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function cut(
  ids: readonly string[],
  params: object,
  text = `ImageID,ImageWidth\n${ids.map(id => `${id},-1\n`).join('')}`,
) {
  const path = join(folder, 'list.csv')
  writeFileSync(path, text)
  const given = withDefaults(splitsShards, { ...params, list: { path, sha256: '' } })
  const { table, items } = (await runNode(splitsShards, {}, given)) as { table: Table; items: Selection }
  selectionKind.encode(items)
  return { shards: table.rows.map(([image, shard]) => `${image}${shard}`).join(' '), items: items.ids, table }
}

describe('splits/shards', () => {
  it('cuts in the order of the list, the last shard has what is left', async () => {
    const { shards, table } = await cut(['c', 'a', 'e', 'b', 'd'], { shards: 2 })
    expect(shards).toBe('c0 a0 e0 b1 d1')
    expect([table.columns, table.rows[3]]).toEqual([
      ['image', 'shard', 'shards', 'position'],
      ['b', 1, 2, 3],
    ])
  })

  it('takes slices of a given size: 25 of 4000 for 99,999 images', async () => {
    const ids = Array.from({ length: 99_999 }, (_, i) => `i${i}`)
    const { table } = await cut(ids, { size: 4000 })
    const sizes = new Map<unknown, number>()
    for (const [, shard] of table.rows) sizes.set(shard, (sizes.get(shard) ?? 0) + 1)
    expect([...sizes.values()]).toEqual([...new Array<number>(24).fill(4000), 3999])
  })

  it('lists the items of one shard for `items:`', async () => {
    expect((await cut(['c', 'a', 'e', 'b', 'd'], { shards: 2, only: 1 })).items).toEqual(['b', 'd'])
    expect((await cut(['c', 'a', 'b'], { shards: 2 })).items).toEqual(['a', 'b', 'c'])
    const check = testCheck()
    await splitsShards.types!({ shards: 2, only: 2 } as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'only', message: 'there is no shard 2 of 2' }])
  })

  it('says what is wrong with a list', async () => {
    await expect(cut(['a', 'b', 'a'], {})).rejects.toThrow('row 4: a is in row 2 already')
    await expect(cut(['a', 'b', 'c'], { shards: 2, size: 1 })).rejects.toThrow(
      '2 shards of 1 hold 2 images; the list has 3',
    )
    await expect(cut([], {}, 'id\na\n')).rejects.toThrow('has no column ImageID')
  })
})
