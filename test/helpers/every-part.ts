/** A pipeline whose keys have parts of every kind, for tests that change one at a time. */
export const everyPart = `maskloom: 1
name: every-part
env: [MARK]
params:
  ratio: { type: number, default: 0.25 }
  words: { type: map, default: { first: plain, second: fine } }
  models: { type: list, default: [a, b] }
  given: { type: string, default: usual }
  filed: { type: string, default: usual }
  folder: { type: path, default: models/L1 }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  lines: { uses: fake/lines, with: { path: lines.txt } }
  tree: { uses: fake/tree, with: { path: tree.json } }
  tuned:
    uses: fake/tuned
    with:
      model: models/L1
      table: data/table.csv
      lists: [data/one.txt, data/two.txt]
      maps: { left: data/left.txt, right: data/right.txt }
      ratio: 0.75
      count: 7
      exact: true
      word: "two words"
      rule: soft
      scalar: null
      sizes: &sizes [208, 256]
      rows: [[1, 2], [3, 4]]
      tree: { deep: { deeper: { deepest: 1 } }, list: [{ id: x }], flag: true }
      threads: 2
    in: { texts: texts.texts }
  anchored: { uses: fake/tuned, with: { model: models/L2, sizes: *sizes }, in: { texts: texts.texts } }
  bound:
    uses: fake/tuned
    with: { model: "\${params.folder}", ratio: "\${params.ratio}", word: "\${params.words.second}" }
    in: { texts: texts.texts }
  from-set: { uses: fake/upper, with: { suffix: "\${params.given}" }, in: { texts: texts.texts } }
  from-file: { uses: fake/upper, with: { suffix: "<\${params.filed}>" }, in: { texts: texts.texts } }
  from-env: { uses: fake/upper, with: { suffix: "\${env.MARK}" }, in: { texts: texts.texts } }
  typed: { uses: fake/typed, in: { texts: tuned.texts } }
  typed-again: { uses: fake/typed, in: { texts: typed.texts } }
  scan:
    uses: fake/scan
    matrix: { model: "\${params.models}", flip: [none, horizontal] }
    with: { model: "\${matrix.model}\${matrix.flip}" }
    in: { texts: texts.texts }
  views:
    uses: fake/upper
    matrix: { view: [{ id: one, scale: 208, flip: none }, { id: two, scale: 256, flip: none }] }
    with: { suffix: "\${matrix.view.scale}-\${matrix.view.flip}" }
    in: { texts: texts.texts }
  rows:
    uses: fake/upper
    matrix: { rows: [{ id: small, mark: s }, { id: large, mark: l }] }
    with: { suffix: "\${matrix.row.mark}" }
    in: { texts: texts.texts }
  chosen-cells:
    uses: fake/upper
    matrix: { place: [p, q, r], time: [m, n], where: { time: m }, add: [{ place: r, time: n }] }
    with: { suffix: "\${matrix.place}\${matrix.time}" }
    in: { texts: texts.texts }
  pooled:
    uses: fake/fold
    over: [model, flip]
    with: { separator: "|", weights: { model: { a: 2 }, flip: { none: 3 } } }
    in: { texts: scan.outline }
  filtered: { uses: fake/fold, over: [model], in: { texts: { from: scan.outline, where: { flip: none } } } }
  best: { uses: fake/fold, over: [view], in: { texts: views.text } }
  all-places: { uses: fake/fold, over: [place, time], in: { texts: chosen-cells.text } }
  listed: { uses: fake/list, in: { texts: [from-set.text, from-env.text, from-file.text] } }
  swapped: { uses: fake/upper, in: { texts: from-set.text } }
  optional: { uses: fake/typed, in: { texts: texts.texts, other: from-set.text } }
  joined: { uses: fake/list, join: left, in: { texts: [texts.texts, lines.texts] } }
  short: { uses: fake/short, with: { length: 12 }, in: { texts: texts.texts } }
  label: { uses: fake/first-word, in: { texts: texts.texts } }
  some: { uses: fake/upper, items: short.ids, in: { texts: texts.texts } }
  pears: { uses: fake/upper, items: { from: label.word, equals: pear }, in: { texts: texts.texts } }
  with-tree: { uses: fake/with-all, in: { texts: texts.texts, all: tree.text } }
  all: { uses: fake/collect, with: { title: all }, in: { texts: typed-again.texts } }
  leaf: { uses: ./leaf.yaml, with: { mark: outer }, in: { texts: texts.texts } }
  other-leaf: { uses: ./leaf.yaml, in: { texts: lines.texts } }
  deep: { uses: ./branch.yaml, with: { marks: [x, y] }, in: { texts: texts.texts } }
outputs:
  anchored: anchored.texts
  bound: bound.texts
  rows: { from: rows.text }
  pooled: pooled.text
  filtered: filtered.text
  best: best.text
  all-places: all-places.text
  listed: listed.text
  swapped: swapped.text
  optional: optional.texts
  joined: joined.text
  some: some.text
  pears: pears.text
  with-tree: with-tree.text
  all: all.text
  leaf: leaf.text
  other-leaf: other-leaf.text
  deep: deep.text
`

export const everyPartFiles: { readonly [path: string]: string } = {
  'leaf.yaml': `maskloom: 1
inputs: { texts: { kind: text, per: item } }
params:
  mark: { type: string, default: inner }
  end: { type: string, default: "." }
steps:
  marked: { uses: fake/upper, with: { suffix: "\${params.mark}" }, in: { texts: texts } }
  ended: { uses: fake/io-upper, with: { suffix: "\${params.end}" }, in: { texts: marked.text } }
outputs: { text: ended.text }
`,
  'branch.yaml': `maskloom: 1
inputs: { texts: { kind: text, per: item } }
params:
  marks: { type: list }
steps:
  twig: { uses: ./leaf.yaml, matrix: { mark: "\${params.marks}" }, with: { mark: "\${matrix.mark}" }, in: { texts: texts } }
  knot: { uses: fake/fold, over: [mark], in: { texts: twig.text } }
outputs: { text: knot.text }
`,
  'values.yaml': 'filed: from a file\n',
  'lines.txt': 'p line of p\nz line of z\n',
  'tree.json': '{}',
  'data/table.csv': 'a,b',
  'data/one.txt': '1',
  'data/two.txt': '2',
  'data/left.txt': 'l',
  'data/right.txt': 'r',
  'models/L1/classes.txt': 'apple pear',
  'models/L1/model.yaml': 'input: image',
  'models/L1/backbone.onnx': 'graph of L1',
  'models/L2/classes.txt': 'apple pear',
  'models/L2/backbone.onnx': 'graph of L2',
}

export const everyPartTexts = { p: 'pear tree 1', q: 'quince bush 2 of many', r: 'rowan 3' }
