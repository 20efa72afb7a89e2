import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { submissionOpenImages } from '../../nodes/submission/open-images.ts'
import { submissionOpenImagesShards } from '../../nodes/submission/open-images-shards.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const types = classesOf('cat')
const one = boxInstances([10, 12], [{ label: 0, score: 0.0000121, box: [0, 0, 3, 3] }])
const instances = collectionOf({ a: one, b: one, c: boxInstances([10, 12], []), d: one, 'e,f': one })

const shards = (list: string, count = 3): Table => ({
  columns: ['image', 'shard', 'shards', 'position'],
  rows: list.split(' ').map((pair, position) => [pair.slice(1), Number(pair[0]), count, position]),
})

async function write(table: Table, params: object = {}) {
  const run = typedRun({ instances: [types] })
  const given = withDefaults(submissionOpenImagesShards, { name: 'leaf_{shard}of{shards}', ...params })
  const files = await scatter(submissionOpenImagesShards, { instances, shards: table }, given, run)
  const texts = files.map(({ id, outputs }) => [id, readFileSync(outputs['file'] as string, 'utf8')] as const)
  return { texts: Object.fromEntries(texts), notes: run.notes }
}

const idsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => line.replace(/,\d.*|,-.*/, ''))

describe('submission/open-images-shards', () => {
  it('writes a file for each shard, rows in the order of the list, empty shards too', async () => {
    const { texts, notes } = await write(shards('0d 0a 1"e 1c 1b'.replace('1"e', '1e,f'), 3))
    expect(Object.keys(texts)).toEqual(['leaf_0of3', 'leaf_1of3', 'leaf_2of3'])
    expect(Object.values(texts).map(idsOf)).toEqual([['d', 'a'], ['"e,f"', 'c', 'b'], []])
    expect(texts['leaf_2of3']).toBe('ImageID,ImageWidth,ImageHeight,PredictionString\n')
    expect(notes[0]).toMatch(/^submission of 5 rows, /)
  })

  it('prints scores as the programs do that write the files', async () => {
    const list = shards('0a 0b 0c 0d 0e,f', 1)
    const row = async (params: object) => (await write(list, params)).texts['leaf_0of1']!.split('\n')
    expect((await row({}))[1]).toMatch(/^a,12,10,cat 0\.000012 eN/)
    expect((await row({ decimals: 8 }))[1]).toMatch(/ 0\.00001210 /)
    expect((await row({ scores: 'shortest' }))[1]).toMatch(/ 1\.21e-05 /)
    expect((await row({}))[3]).toBe('c,12,10,')
    expect((await row({ empty_rows: 'minus-one' }))[3]).toBe('c,-1,-1,')
  })

  it('refuses lists that are not those of the items', async () => {
    await expect(write(shards('0a 0b 0c 0d'))).rejects.toThrow('item e,f is in no shard')
    await expect(write(shards('0a 0b 0c 0d 0e,f 2x'))).rejects.toThrow('x is in shard 2 and not among the items')
    await expect(write({ columns: ['image'], rows: [] })).rejects.toThrow('has no column shard')
  })

  it('joins shards by number or by the names of their files', async () => {
    const table = shards('2a 10b 0c 1d 1e,f', 11)
    const rows = table.rows.map(([, , ...rest], i) => [['a', 'b', 'c', 'd', 'e,f'][i]!, [2, 10, 0, 1, 1][i]!, ...rest])
    const image = { sha256: 'a'.repeat(64), widthPx: 12, heightPx: 10, channels: 3, bitDepth: 8, format: 'png' }
    const images = collectionOf(Object.fromEntries(instances.ids.map(id => [id, image])))
    const joined = async (order: string) => {
      const run = typedRun({ instances: [types] })
      const params = withDefaults(submissionOpenImages, { shard_order: order })
      const inputs = { instances, images, shards: { ...table, rows } }
      const { file } = await runNode(submissionOpenImages, inputs, params, run)
      return idsOf(readFileSync(file as string, 'utf8'))
    }
    expect(await joined('number')).toEqual(['c', 'd', '"e,f"', 'a', 'b'])
    expect(await joined('file-name')).toEqual(['c', 'b', 'd', '"e,f"', 'a'])
  })
})
