import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { NodeDefinition, Values } from '../../engine/contract/node.ts'
import { hierarchyExpand } from '../../nodes/hierarchy/expand.ts'
import { instancesConcat } from '../../nodes/instances/concat.ts'
import { instancesFilter } from '../../nodes/instances/filter.ts'
import { instancesOpenImagesCsv } from '../../nodes/instances/open-images-csv.ts'
import { masksNms } from '../../nodes/masks/nms.ts'
import { masksVote } from '../../nodes/masks/vote.ts'
import { submissionOpenImagesShards } from '../../nodes/submission/open-images-shards.ts'
import type { ClassList } from '../../nodes/values/classes.ts'
import { ancestorsOfEach, type Hierarchy } from '../../nodes/values/hierarchy.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import {
  combine,
  csvRows,
  csvText,
  decodeMask,
  encodeMask,
  expand,
  nmsOnCsvs,
  type Row,
} from '../helpers/plain-openimages-2019.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ids = ['food', 'fruit', 'animal', 'apple', 'pear', 'cat', 'stone']
const { classes } = classesOf(...ids)
const hierarchy: Hierarchy = { classes, parents: [[], [0], [], [1], [1], [2], []] }
const above = ancestorsOfEach(hierarchy)
const ancestors = Object.fromEntries(ids.map((id, label) => [id, above[label]!.map(parent => ids[parent]!)]))
const leaves = ['apple', 'pear', 'cat', 'stone']
const parents = ['fruit', 'animal', 'food']

/** Repeatable numbers in [0, 1). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Images with crowds of overlapping, blotted rectangles; scores with many ties, some printed as zero. */
function submission(seed: number, labels: readonly string[], alwaysFilled: boolean): Row[] {
  const next = dice(seed)
  const whole = (below: number) => Math.floor(next() * below)
  return Array.from({ length: 7 }, (_, image) => {
    const [width, height] = image % 2 ? [31, 24] : [24, 31]
    const count = alwaysFilled ? 1 + whole(14) : whole(14)
    const predictions = Array.from({ length: count }, () => {
      const [x, y, w, h] = [2 + whole(8), 2 + whole(8), 6 + whole(9), 6 + whole(9)]
      const pixels = new Uint8Array(width * height)
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) if (next() < 0.95) pixels[column * height + row] = 1
      }
      if (next() < 0.04) pixels.fill(0)
      const score = next() < 0.5 ? [0.9, 0.25, 0.000012, 0, 1][whole(5)]! : next()
      return `${labels[whole(labels.length)]} ${score.toFixed(6)} ${encodeMask(pixels)}`
    })
    const text = predictions.length === 0 ? undefined : predictions.join(' ')
    return { id: `image${image}`, width, height, text }
  })
}

const types = { classes: [{ classes }] as const }

async function read(rows: readonly Row[]) {
  const path = join(folder, 'in.csv')
  writeFileSync(path, csvText(rows))
  const items = await scatter(
    instancesOpenImagesCsv,
    { classes: { classes } },
    { path: { path, sha256: '' } },
    typedRun({ classes: types.classes }),
  )
  return new Map(items.map(({ id, outputs }) => [id, outputs['instances'] as Instances]))
}

interface Typed {
  readonly value: Instances
  readonly classes: ClassList
}

/** Runs an item node as the engine does: types first. */
async function step(
  node: NodeDefinition,
  sources: readonly Typed[],
  params: object,
  more: Values = {},
): Promise<Typed> {
  const given = withDefaults(node, params)
  const instances = sources.map(source => ({ classes: source.classes }))
  const inputTypes = { instances, hierarchy: [hierarchy as never] }
  const check = testCheck({ inputs: inputTypes })
  const output = await node.types!(given as never, check.context)
  expect(check.problems).toEqual([])
  const many = node.inputs['instances']!.many !== undefined
  const values = sources.map(({ value }) => value)
  const result = await runNode(node, { instances: many ? values : values[0], ...more }, given, { inputTypes })
  return { value: result['instances'] as Instances, classes: output['instances']!['classes'] as ClassList }
}

async function write(items: ReadonlyMap<string, Typed>, params: object): Promise<Row[]> {
  const values = Object.fromEntries([...items].map(([id, { value }]) => [id, value]))
  const list = [...items.keys()].map((id, position) => [id, 0, 1, position])
  const shards = { columns: ['image', 'shard', 'shards', 'position'], rows: list }
  const run = typedRun({ instances: [{ classes: [...items.values()][0]!.classes }] })
  const given = withDefaults(submissionOpenImagesShards, { name: 'x{shard}', ...params })
  const [file] = await scatter(submissionOpenImagesShards, { instances: collectionOf(values), shards }, given, run)
  return csvRows(readFileSync(file!.outputs['file'] as string, 'utf8'))
}

/** Masks as pixels: deflate gives different bytes in different builds. */
const opened = (rows: readonly Row[]) =>
  rows.map(({ id, text, width, height }) => ({
    id,
    size: text === undefined ? 'none' : `${width} × ${height}`,
    words: (text ?? '').split(' ').map((word, i) => (i % 3 === 2 ? decodeMask(word, width, height).join('') : word)),
  }))

const shuffledAncestors = (rows: ReturnType<typeof opened>) =>
  rows.map(row => ({ ...row, words: row.words.join(' ').split(/ (?=[a-z])/) }))

async function chain(seed: number, { voting }: { voting: boolean }) {
  const leafRows = submission(seed, leaves, true)
  const parentRows = submission(seed + 999, parents, false)
  const leaf = await read(leafRows)
  const parent = await read(parentRows)
  const lifted = new Map<string, Typed>()
  const survivors = new Map<string, Typed>()
  const all = new Map<string, Typed>()
  for (const [id, value] of leaf) {
    const kept = await step(instancesFilter, [{ value, classes }], { min_score: 0.1 })
    const copies = await step(hierarchyExpand, [kept], { emit: 'ancestors' }, { hierarchy })
    const own = { value: parent.get(id)!, classes }
    const survived = await step(masksNms, [copies, own], { rule: 'openimages-2019', iou: 0.5, score: 0.001, voting })
    if (voting) {
      const same = await step(masksVote, [copies, own], { rule: 'openimages-2019', iou: 0.5, score: 0.001 })
      expect(same.value).toEqual(survived.value)
    }
    lifted.set(id, copies)
    survivors.set(id, survived)
    all.set(id, await step(instancesConcat, [{ value, classes }, survived], {}))
  }
  return { leafRows, parentRows, lifted, survivors, all }
}

describe('the chain from leaf and parent CSVs to a submission, against a plain reading of the authors’ rules', () => {
  it.each([1, 2, 3, 4, 5, 6])('expands, suppresses and joins the same (seed %i)', async seed => {
    const { leafRows, parentRows, lifted, survivors, all } = await chain(seed, { voting: false })
    const plainLifted = expand(leafRows, ancestors, 0.1, true)
    const ours = shuffledAncestors(opened(await write(lifted, { empty_rows: 'minus-one' })))
    expect(ours).toEqual(shuffledAncestors(opened(withoutEmptyMasks(plainLifted))))
    const plain = nmsOnCsvs([plainLifted, parentRows], { threshold: 0.001, iou: 0.5, voting: false })
    const nms = { scores: 'shortest', empty_rows: 'minus-one' }
    expect(opened(await write(survivors, nms))).toEqual(opened(plain))
    // Joined texts keep their digits in the authors' program; here all scores are printed alike.
    const joined = opened(withoutEmptyMasks(combine(leafRows, plain)))
    const numbers = (rows: typeof joined) =>
      rows.map(row => row.words.map((word, i) => (i % 3 === 1 ? `${Number(word)}` : word)))
    expect(numbers(opened(await write(all, {})))).toEqual(numbers(joined))
  })

  it('votes the same', async () => {
    let changed = 0
    for (const seed of [11, 12, 13, 14, 15, 16, 17, 18]) {
      const { leafRows, parentRows, survivors } = await chain(seed, { voting: true })
      const files = [expand(leafRows, ancestors, 0.1, true), parentRows]
      const [voted, unvoted] = [true, false].map(voting => nmsOnCsvs(files, { threshold: 0.001, iou: 0.5, voting }))
      const shortest = { scores: 'shortest', empty_rows: 'minus-one' }
      expect(opened(await write(survivors, shortest))).toEqual(opened(voted!))
      if (JSON.stringify(opened(voted!)) !== JSON.stringify(opened(unvoted!))) changed++
    }
    expect(changed).toBeGreaterThan(2)
  })

  it('keeps two equal masks of one printed score, and drops the lower by a millionth', async () => {
    const mask = encodeMask(Uint8Array.from({ length: 20 }, (_, i) => (i % 5 < 3 ? 1 : 0)))
    const two = (first: string, second: string): Row[] => [
      { id: 'a', width: 4, height: 5, text: `cat ${first} ${mask} cat ${second} ${mask}` },
    ]
    const left = async (rows: Row[]) => {
      const value = (await read(rows)).get('a')!
      const survived = await step(masksNms, [{ value, classes }], { rule: 'openimages-2019' })
      return [...survived.value.scores]
    }
    expect(await left(two('0.500000', '0.500000'))).toEqual([0.5, 0.5])
    expect(await left(two('0.500001', '0.500000'))).toEqual([0.500001])
    expect(await left(two('0.000000', '0.000001'))).toEqual([0.000001])
  })
})

/** Ours never writes a mask without a pixel. */
function withoutEmptyMasks(rows: readonly Row[]): Row[] {
  return rows.map(row => {
    const words = (row.text ?? '').split(' ')
    const kept: string[] = []
    for (let i = 0; i + 2 < words.length; i += 3) {
      if (decodeMask(words[i + 2]!, row.width, row.height).includes(1)) kept.push(...words.slice(i, i + 3))
    }
    return { ...row, text: kept.length === 0 ? undefined : kept.join(' ') }
  })
}
