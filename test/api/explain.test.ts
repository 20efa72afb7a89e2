import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { lineStarts, positionAt } from '../../engine/load/position.ts'
import type { Change } from '../../engine/report/why.ts'
import { everyPart, everyPartFiles, everyPartTexts } from '../helpers/every-part.ts'
import { fakeRegistry } from '../helpers/fake-registry.ts'
import { createRig, type ExplainOptions, type Rig } from '../helpers/rig.ts'

/**
 * Every part that a key can have is changed alone, after one run: `why` names that part and nothing else, with the place
 * where it is written. `^` in a text marks the column.
 */
interface Mutation {
  readonly change: string
  /** File, what stands there, what is put in its place; null: the file is not there before, or not after. */
  readonly edit?: readonly [file: string, from: string | null, to: string | null]
  readonly asked?: ExplainOptions
  /** Step or cell, and item. */
  readonly of: string
  readonly item?: string
  readonly finds: { readonly [field: string]: unknown }
  /** File and marked text after the edit, or what it is outside of files. */
  readonly at: readonly [file: string, marked: string] | string | undefined
}

const environment = { MARK: 'env' }
const settings = { environment, set: ['given=from set'], params: 'values.yaml' }
const pipeline = 'pipeline.yaml'
const texts = everyPartFiles
let rig: Rig

beforeAll(async () => {
  rig = createRig(everyPart, everyPartTexts)
  for (const [path, text] of Object.entries(everyPartFiles)) rig.write(path, text)
  const { finished } = await rig.run(settings)
  expect(finished.status).toBe('done')
})
afterAll(() => rig.close())

function changed(name: string, change: Partial<NodeDefinition>): ExplainOptions {
  const node = fakeRegistry.nodes.get(name)!
  return { registry: { ...fakeRegistry, nodes: new Map([...fakeRegistry.nodes, [name, { ...node, ...change }]]) } }
}

/** A parameter of `tuned` that is written in the pipeline. */
function tuned(path: string, from: string, to: string, before: unknown, after: unknown): Mutation {
  const edit = [pipeline, from.replace('^', ''), to.replace('^', '')] as const
  return {
    change: `parameter ${path}`,
    edit,
    of: 'tuned',
    finds: { what: 'param', path, before, after },
    at: [pipeline, to],
  }
}

function content(path: string, text: string, of: string, param: string, at: string): Mutation {
  const finds = { what: 'file', path, param, before: sha256(texts[path]!), after: sha256(text) }
  return { change: `content of ${path}`, edit: [path, texts[path]!, text], of, finds, at: [pipeline, at] }
}

const params: readonly Mutation[] = [
  tuned('ratio', '      ratio: ^0.75', '      ratio: ^0.8', 0.75, 0.8),
  tuned('count', 'count: ^7', 'count: ^8', 7, 8),
  tuned('exact', 'exact: ^true', 'exact: ^false', true, false),
  tuned('word', 'word: ^"two words"', 'word: ^"three words"', 'two words', 'three words'),
  tuned('rule', 'rule: ^soft', 'rule: ^greedy', 'soft', 'greedy'),
  tuned('scalar', 'scalar: ^null', 'scalar: ^0', null, 0),
  tuned('scalar', 'scalar: ^null', 'scalar: ^""', null, ''),
  tuned(
    'rows',
    'rows: ^[[1, 2], [3, 4]]',
    'rows: ^[[1, 2], [3, 5]]',
    [
      [1, 2],
      [3, 4],
    ],
    [
      [1, 2],
      [3, 5],
    ],
  ),
  tuned('tree.deep.deeper.deepest', 'deepest: ^1', 'deepest: ^2', 1, 2),
  tuned('tree.list', 'list: ^[{ id: x }]', 'list: ^[{ id: y }]', [{ id: 'x' }], [{ id: 'y' }]),
  tuned('tree.flag', 'flag: ^true', 'flag: ^false', true, false),
  tuned('tree.more', 'flag: true }', 'flag: true, more: ^1 }', undefined, 1),
  tuned('model', 'model: ^models/L1\n', 'model: ^models/L2\n', 'FOLDER/models/L1', 'FOLDER/models/L2'),
  tuned('table', 'table: ^data/table.csv', 'table: ^data/one.txt', 'FOLDER/data/table.csv', 'FOLDER/data/one.txt'),
  tuned(
    'lists.1',
    'data/one.txt, ^data/two.txt',
    'data/one.txt, ^data/left.txt',
    'FOLDER/data/two.txt',
    'FOLDER/data/left.txt',
  ),
  tuned(
    'maps.right',
    'right: ^data/right.txt',
    'right: ^data/left.txt',
    'FOLDER/data/right.txt',
    'FOLDER/data/left.txt',
  ),
  {
    change: 'a parameter that falls back to its default',
    edit: [pipeline, '      count: 7\n', ''],
    of: 'tuned',
    finds: { what: 'param', path: 'count', before: 7, after: 3 },
    at: [pipeline, '  tuned:\n    uses: ^fake/tuned'],
  },
  {
    change: 'a list behind an anchor',
    edit: [pipeline, '&sizes [208, 256]', '&sizes [208, 272]'],
    of: 'anchored',
    finds: { what: 'param', path: 'sizes', before: [208, 256], after: [208, 272] },
    at: [pipeline, 'sizes: &sizes ^[208, 272]'],
  },
  {
    change: 'the default of a parameter of the pipeline',
    edit: [pipeline, 'default: 0.25', 'default: 0.3'],
    of: 'bound',
    finds: { what: 'param', path: 'ratio', before: 0.25, after: 0.3 },
    at: [pipeline, 'default: ^0.3'],
  },
  {
    change: 'an entry of a map parameter',
    edit: [pipeline, 'second: fine', 'second: rough'],
    of: 'bound',
    finds: { what: 'param', path: 'word', before: 'fine', after: 'rough' },
    at: [pipeline, 'second: ^rough'],
  },
  {
    change: 'the default of a path parameter',
    edit: [pipeline, 'default: models/L1', 'default: models/L2'],
    of: 'bound',
    finds: { what: 'param', path: 'model', before: 'FOLDER/models/L1', after: 'FOLDER/models/L2' },
    at: [pipeline, 'default: ^models/L2'],
  },
  {
    change: '--set',
    asked: { set: ['given=other'] },
    of: 'from-set',
    finds: { what: 'param', path: 'suffix', before: 'from set', after: 'other' },
    at: '--set given',
  },
  {
    change: '--set left out',
    asked: { set: [] },
    of: 'from-set',
    finds: { what: 'param', path: 'suffix', before: 'from set', after: 'usual' },
    at: [pipeline, 'given: { type: string, default: ^usual'],
  },
  {
    change: 'a value of a parameter file',
    edit: ['values.yaml', 'from a file', 'changed'],
    of: 'from-file',
    finds: { what: 'param', path: 'suffix', before: '<from a file>', after: '<changed>' },
    at: ['values.yaml', 'filed: ^changed'],
  },
  {
    change: '--set over a parameter file',
    asked: { set: ['given=from set', 'words={ first: plain, second: set }'] },
    of: 'bound',
    finds: { what: 'param', path: 'word', before: 'fine', after: 'set' },
    at: '--set words',
  },
  {
    change: 'a variable of the environment',
    asked: { environment: { MARK: 'other' } },
    of: 'from-env',
    finds: { what: 'param', path: 'suffix', before: 'env', after: 'other' },
    at: 'environment variable MARK',
  },
  {
    change: 'the default of a used pipeline',
    edit: ['leaf.yaml', 'default: inner', 'default: core'],
    of: 'other-leaf/marked',
    finds: { what: 'param', path: 'suffix', before: 'inner', after: 'core' },
    at: ['leaf.yaml', 'default: ^core'],
  },
  {
    change: 'another default of a used pipeline',
    edit: ['leaf.yaml', 'default: "."', 'default: "!"'],
    of: 'leaf/ended',
    finds: { what: 'param', path: 'suffix', before: '.', after: '!' },
    at: ['leaf.yaml', 'default: ^"!"'],
  },
  {
    change: 'what a used pipeline is given',
    edit: [pipeline, 'mark: outer', 'mark: edge'],
    of: 'leaf/marked',
    finds: { what: 'param', path: 'suffix', before: 'outer', after: 'edge' },
    at: [pipeline, 'mark: ^edge'],
  },
  {
    change: 'a parameter of a scan behind two more steps',
    edit: [pipeline, '{ length: 12 }', '{ length: 11 }'],
    of: 'short',
    finds: { what: 'param', path: 'length', before: 12, after: 11 },
    at: [pipeline, 'length: ^11'],
  },
  {
    change: 'a parameter of a collection',
    edit: [pipeline, 'title: all', 'title: every'],
    of: 'all',
    finds: { what: 'param', path: 'title', before: 'all', after: 'every' },
    at: [pipeline, 'title: ^every'],
  },
  {
    change: 'the separator of a fold',
    edit: [pipeline, 'separator: "|"', 'separator: "/"'],
    of: 'pooled',
    finds: { what: 'param', path: 'separator', before: '|', after: '/' },
    at: [pipeline, 'separator: ^"/"'],
  },
  {
    change: 'a weight of one axis',
    edit: [pipeline, 'model: { a: 2 }', 'model: { a: 4 }'],
    of: 'pooled',
    finds: { what: 'param', path: 'weights.model.a' },
    at: [pipeline, 'a: ^4'],
  },
  {
    change: 'a weight of the other axis',
    edit: [pipeline, 'flip: { none: 3 }', 'flip: { none: 5 }'],
    of: 'pooled',
    finds: { what: 'param', path: 'weights.flip.none' },
    at: [pipeline, 'none: ^5'],
  },
]

const programs: readonly Mutation[] = [
  {
    change: 'version of a node',
    asked: changed('fake/fold', { version: 2 }),
    of: 'filtered',
    finds: { what: 'version', before: 1, after: 2 },
    at: [pipeline, 'filtered: { uses: ^fake/fold'],
  },
  {
    change: 'version of a node without parameters',
    asked: changed('fake/typed', { version: 7 }),
    of: 'typed',
    finds: { what: 'version', before: 1, after: 7 },
    at: [pipeline, '  typed: { uses: ^fake/typed'],
  },
  {
    change: 'version of a runtime',
    asked: { registry: { ...fakeRegistry, runtimes: new Map([['engine', device => `engine@1.1/${device}`]]) } },
    of: 'tuned',
    finds: { what: 'runtime', name: 'engine', before: 'engine@1.0/cpu', after: 'engine@1.1/cpu' },
    at: [pipeline, '  tuned:\n    uses: ^fake/tuned'],
  },
  {
    change: 'a runtime more',
    asked: {
      registry: {
        ...fakeRegistry,
        ...changed('fake/upper', { runtimes: ['engine'] }).registry,
      },
    },
    of: 'from-set',
    finds: { what: 'runtime', name: 'engine', before: undefined, after: 'engine@1.0/cpu' },
    at: [pipeline, 'from-set: { uses: ^fake/upper'],
  },
  {
    change: 'another node',
    edit: [pipeline, 'swapped: { uses: fake/upper', 'swapped: { uses: fake/io-upper'],
    of: 'swapped',
    finds: { what: 'node', before: 'fake/upper', after: 'fake/io-upper' },
    at: [pipeline, 'swapped: { uses: ^fake/io-upper'],
  },
  {
    change: 'default of a node',
    asked: changed('fake/scan', {
      params: {
        ...fakeRegistry.nodes.get('fake/scan')!.params,
        properties: {
          ...fakeRegistry.nodes.get('fake/scan')!.params.properties,
          extra: { type: 'number', default: 1, description: 'New.' },
        },
      },
    }),
    of: 'scan',
    finds: { what: 'param', path: 'extra', before: undefined, after: 1 },
    at: [pipeline, '  scan:\n    uses: ^fake/scan'],
  },
]

const files: readonly Mutation[] = [
  content('models/L1/backbone.onnx', 'another graph', 'tuned', 'model', '      model: ^models/L1'),
  content('models/L1/model.yaml', 'input: picture', 'tuned', 'model', '      model: ^models/L1'),
  content('models/L1/classes.txt', 'pear apple', 'tuned', 'model', '      model: ^models/L1'),
  content('models/L2/backbone.onnx', 'another graph', 'anchored', 'model', 'model: ^models/L2'),
  content('data/table.csv', 'a,b,c', 'tuned', 'table', 'table: ^data/table.csv'),
  content('data/two.txt', '22', 'tuned', 'lists.1', 'data/one.txt, ^data/two.txt'),
  content('data/left.txt', 'll', 'tuned', 'maps.left', 'left: ^data/left.txt'),
  content('tree.json', '{ "a": 1 }', 'tree', 'path', 'path: ^tree.json'),
  content('lines.txt', 'p other line\nz line of z\n', 'lines', 'path', 'path: ^lines.txt'),
  {
    change: 'a file more in the folder of a model',
    edit: ['models/L1/heads.onnx', null, 'graph of heads'],
    of: 'tuned',
    finds: { what: 'file', path: 'models/L1/heads.onnx', before: undefined, after: sha256('graph of heads') },
    at: [pipeline, '      model: ^models/L1'],
  },
  {
    change: 'a file less in the folder of a model',
    edit: ['models/L1/model.yaml', texts['models/L1/model.yaml']!, null],
    of: 'tuned',
    finds: {
      what: 'file',
      path: 'models/L1/model.yaml',
      before: sha256(texts['models/L1/model.yaml']!),
      after: undefined,
    },
    at: [pipeline, '      model: ^models/L1'],
  },
  {
    change: 'the class list of values that come in',
    edit: ['models/L1/classes.txt', 'apple pear', 'pear apple'],
    of: 'typed-again',
    finds: { what: 'file', path: 'models/L1/classes.txt' },
    at: [pipeline, '      model: ^models/L1'],
  },
]

const replaced = { what: 'file', path: 'texts/p.txt', before: sha256(everyPartTexts.p), after: sha256('plum tree 1') }
const items: readonly Mutation[] = [
  ...['texts', 'tuned', 'filtered', 'typed-again', 'deep/knot', 'leaf/ended', 'listed'].map(
    (of): Mutation => ({
      change: `a replaced source, asked of ${of}`,
      edit: ['texts/p.txt', everyPartTexts.p, 'plum tree 1'],
      of,
      item: 'p',
      finds: replaced,
      at: undefined,
    }),
  ),
  {
    change: 'a replaced source, asked of all items',
    edit: ['texts/p.txt', everyPartTexts.p, 'plum tree 1'],
    of: 'all',
    finds: replaced,
    at: undefined,
  },
  {
    change: 'a new item',
    edit: ['texts/s.txt', null, 'sorb'],
    of: 'tuned',
    item: 's',
    finds: { what: 'file', path: 'texts/s.txt', item: 's', before: undefined, after: sha256('sorb') },
    at: undefined,
  },
  {
    change: 'an item that went',
    edit: ['texts/q.txt', everyPartTexts.q, null],
    of: 'all',
    finds: { what: 'file', item: 'q', before: sha256(everyPartTexts.q), after: undefined },
    at: undefined,
  },
  {
    change: 'an item that went, asked of it',
    edit: ['texts/q.txt', everyPartTexts.q, null],
    of: 'texts',
    item: 'q',
    finds: { what: 'file', item: 'q', before: sha256(everyPartTexts.q), after: undefined },
    at: undefined,
  },
]

const shape: readonly Mutation[] = [
  {
    change: 'an entry added to a matrix, asked of its cell',
    edit: [pipeline, 'default: [a, b]', 'default: [a, b, c]'],
    of: 'scan[flip=none,model=c]',
    finds: { what: 'cell', coordinates: 'flip=none,model=c' },
    at: [pipeline, 'default: [a, b, ^c]'],
  },
  {
    change: 'an entry added to a matrix, asked of the fold',
    edit: [pipeline, 'default: [a, b]', 'default: [a, b, c]'],
    of: 'filtered',
    finds: { what: 'wiring', port: 'texts', added: ['scan[flip=none,model=c].outline'], removed: [] },
    at: [pipeline, 'default: [a, b, ^c]'],
  },
  {
    change: 'an entry taken out of a matrix',
    edit: [pipeline, 'default: [a, b]', 'default: [a]'],
    of: 'filtered',
    finds: { what: 'wiring', port: 'texts', added: [], removed: ['scan[flip=none,model=b].outline'] },
    at: [pipeline, 'default: ^[a]'],
  },
  {
    change: 'an entry of a matrix replaced',
    edit: [pipeline, 'default: [a, b]', 'default: [a, c]'],
    of: 'filtered',
    finds: { what: 'wiring', added: ['scan[flip=none,model=c].outline'], removed: ['scan[flip=none,model=b].outline'] },
    at: [pipeline, 'default: [a, ^c]'],
  },
  {
    change: 'a flip',
    edit: [pipeline, 'flip: [none, horizontal]', 'flip: [none, vertical]'],
    of: 'scan[flip=vertical,model=a]',
    finds: { what: 'cell', coordinates: 'flip=vertical,model=a' },
    at: [pipeline, 'flip: [none, ^vertical]'],
  },
  {
    change: 'a scale of one view',
    edit: [pipeline, 'scale: 256', 'scale: 272'],
    of: 'views',
    finds: { what: 'param', path: 'suffix', before: '256-none', after: '272-none' },
    at: [pipeline, 'scale: ^272'],
  },
  {
    change: 'the id of a view',
    edit: [pipeline, 'id: two,', 'id: 2nd,'],
    of: 'best',
    finds: { what: 'wiring', added: ['views[view=2nd].text'], removed: ['views[view=two].text'] },
    at: [pipeline, '^{ id: 2nd,'],
  },
  {
    change: 'a value of a row',
    edit: [pipeline, 'mark: l }', 'mark: m }'],
    of: 'rows',
    finds: { what: 'param', path: 'suffix', before: 'l', after: 'm' },
    at: [pipeline, 'mark: ^m'],
  },
  {
    change: 'a value of an entry that a parameter brings',
    edit: [pipeline, 'marks: [x, y]', 'marks: [x, z]'],
    of: 'deep/knot',
    finds: {
      what: 'wiring',
      added: ['deep/twig/ended[mark=z].text'],
      removed: ['deep/twig/ended[mark=y].text'],
    },
    at: [pipeline, 'marks: [x, ^z]'],
  },
  {
    change: '`where` of a matrix',
    edit: [pipeline, 'where: { time: m }', 'where: { time: m, place: [p, q] }'],
    of: 'all-places',
    finds: { what: 'wiring', port: 'texts' },
    at: [pipeline, 'matrix: ^{ place: [p, q, r]'],
  },
  {
    change: '`add` of a matrix',
    edit: [pipeline, 'add: [{ place: r, time: n }]', 'add: [{ place: r, time: n }, { place: q, time: n }]'],
    of: 'all-places',
    finds: { what: 'wiring', added: ['chosen-cells[place=q,time=n].text'], removed: [] },
    at: [pipeline, 'matrix: ^{ place: [p, q, r]'],
  },
  {
    change: '`where` of an input',
    edit: [pipeline, 'where: { flip: none } } } }', 'where: { flip: horizontal } } } }'],
    of: 'filtered',
    finds: { what: 'wiring', port: 'texts' },
    at: [pipeline, 'filtered: { uses: fake/fold, over: [model], in: { texts: ^{ from'],
  },
  {
    change: 'an axis that is no longer folded',
    edit: [pipeline, 'best: { uses: fake/fold, over: [view],', 'best: { uses: fake/fold, matrix: views,'],
    of: 'best[view=one]',
    finds: { what: 'cell', before: ['best'] },
    at: [pipeline, '^{ id: one,'],
  },
  {
    change: '`join`',
    edit: [pipeline, 'join: left', 'join: outer'],
    of: 'joined',
    finds: { what: 'join', before: 'left', after: 'outer' },
    at: [pipeline, 'join: ^outer'],
  },
  {
    change: 'the order of a list of inputs',
    edit: [pipeline, '[from-set.text, from-env.text,', '[from-env.text, from-set.text,'],
    of: 'listed',
    finds: { what: 'wiring', port: 'texts', added: ['from-env.text', 'from-set.text', 'from-file.text'] },
    at: [pipeline, 'texts: ^[from-env.text'],
  },
  {
    change: 'one of a list of inputs',
    edit: [pipeline, 'from-env.text, from-file.text]', 'from-env.text, texts.texts]'],
    of: 'listed',
    finds: { what: 'wiring', added: ['texts.texts'], removed: ['from-file.text'] },
    at: [pipeline, 'listed: { uses: fake/list, in: { texts: ^['],
  },
  {
    change: 'the step before',
    edit: [
      pipeline,
      'swapped: { uses: fake/upper, in: { texts: from-set.text',
      'swapped: { uses: fake/upper, in: { texts: from-env.text',
    ],
    of: 'swapped',
    finds: { what: 'wiring', port: 'texts', added: ['from-env.text'], removed: ['from-set.text'] },
    at: [pipeline, 'swapped: { uses: fake/upper, in: { texts: ^from-env.text'],
  },
  {
    change: 'an optional input that goes',
    edit: [pipeline, 'texts: texts.texts, other: from-set.text', 'texts: texts.texts'],
    of: 'optional',
    finds: { what: 'wiring', port: 'other', added: [], removed: ['from-set.text'] },
    at: [pipeline, 'optional: { uses: fake/typed, ^in:'],
  },
  {
    change: 'what feeds a used pipeline',
    edit: [
      pipeline,
      'other-leaf: { uses: ./leaf.yaml, in: { texts: lines.texts',
      'other-leaf: { uses: ./leaf.yaml, in: { texts: texts.texts',
    ],
    of: 'other-leaf/marked',
    finds: { what: 'wiring', port: 'texts', added: ['texts.texts'], removed: ['lines.texts'] },
    at: [pipeline, 'other-leaf: { uses: ./leaf.yaml, in: { texts: ^texts.texts'],
  },
  {
    change: 'the label that chooses items',
    edit: [pipeline, 'equals: pear', 'equals: quince'],
    of: 'pears',
    finds: { what: 'selection', before: 'label.word = pear', after: 'label.word = quince' },
    at: [pipeline, 'items: ^{ from: label.word'],
  },
  {
    change: 'what a selection lists',
    edit: [pipeline, 'length: 12', 'length: 30'],
    of: 'some',
    finds: { what: 'param', path: 'length', before: 12, after: 30 },
    at: [pipeline, 'length: ^30'],
  },
]

const all = [...params, ...programs, ...files, ...items, ...shape]

describe('why, after one run', () => {
  it('is asked about at least 60 parts', () => {
    expect(all.length).toBeGreaterThanOrEqual(60)
  })

  it('finds nothing where nothing changed', async () => {
    const reports = await rig.explain(settings, (explainer, _result, graph) =>
      graph.steps.flatMap(step => step.cells.map(cell => explainer.why(cell.index, undefined))),
    )
    expect(reports.length).toBeGreaterThan(40)
    expect(reports.filter(report => report.verdict !== 'hit' || report.changes.length > 0)).toEqual([])
  })

  it.each(all)('names $change, and only that ($of)', async mutation => {
    const { edit, asked, of, item, finds, at } = mutation
    if (edit !== undefined) put(edit)
    try {
      const reports = await rig.why(of, { ...settings, ...asked, ...(item === undefined ? {} : { item }) })
      const notHits = reports.filter(report => report.verdict !== 'hit')
      const found = notHits.flatMap(report => report.changes).map(part)
      const distinct = [...new Map(found.map(change => [JSON.stringify(change), change])).values()]
      expect(notHits, 'nothing would run').not.toEqual([])
      expect(distinct.map(named)).toEqual([expect.objectContaining(finds)])
      expect(distinct[0]!.at).toEqual(at === undefined || typeof at === 'string' ? at : position(at))
      expect(distinct[0]!.fix === undefined).toBe(
        distinct[0]!.what === 'cell' || (finds['before'] === undefined && 'item' in finds),
      )
    } finally {
      if (edit !== undefined) undo(edit)
    }
  })
})

/** The change behind one that came from a cell before. */
function part(change: Change): Change {
  return change.what === 'upstream' ? change.change : change
}

/** Paths without the folder of the test. */
function named(change: Change): unknown {
  const start = change.what === 'file' ? '' : 'FOLDER/'
  const entries = Object.entries(change).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.replace(`${rig.folder}/`, start) : value,
  ])
  return Object.fromEntries(entries)
}

function read(file: string): string {
  return readFileSync(join(rig.folder, file), 'utf8')
}

function put([file, from, to]: NonNullable<Mutation['edit']>): void {
  if (to === null) {
    rig.remove(file)
  } else if (from === null) {
    rig.write(file, to)
  } else {
    const text = read(file)
    expect(text.split(from), `${from} in ${file}`).toHaveLength(2)
    rig.write(
      file,
      text.replace(from, () => to),
    )
  }
}

function undo([file, from]: NonNullable<Mutation['edit']>): void {
  const originals: { readonly [path: string]: string } = {
    ...everyPartFiles,
    [pipeline]: everyPart,
    ...Object.fromEntries(Object.entries(everyPartTexts).map(([id, text]) => [`texts/${id}.txt`, text])),
  }
  if (from === null) rig.remove(file)
  else rig.write(file, originals[file]!)
}

function position([file, marked]: readonly [file: string, marked: string]): unknown {
  const text = read(file)
  const found = text.indexOf(marked.replace('^', ''))
  expect(found, `${marked} in ${file}`).toBeGreaterThanOrEqual(0)
  return { file: join(rig.folder, file), ...positionAt(text, lineStarts(text), found + marked.indexOf('^')) }
}
