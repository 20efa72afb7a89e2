import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Three pipelines of two or three seconds: a slow model in each, and every form of step the engine has. */

const words = ['alder', 'birch', 'cedar', 'elder', 'fir', 'ginkgo', 'hazel', 'ivy', 'juniper', 'larch']
const sentence = (word, i) => `${word}${i} ${word.slice(1)} ${i * 7} and ${words[(i * 3) % words.length]}`

/** The three-stage shape: transient values, a segment, folds, a collection. */
const segment = {
  files: Object.fromEntries(words.map((word, i) => [`texts/${word}.txt`, sentence(word, i)])),
  pipeline: `maskloom: 1
name: segment
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan:
    uses: fake/scan
    matrix: { model: [a, b] }
    with: { model: "\${matrix.model}", delay_ms: 70 }
    in: { texts: texts.texts }
  pooled: { uses: fake/fold, over: [model], in: { texts: scan.outline } }
  read: { uses: fake/read-map, matrix: scan, in: { map: scan.map, hint: pooled.text } }
  merged: { uses: fake/fold, over: [model], in: { texts: read.text } }
  loud: { uses: fake/io-upper, in: { texts: merged.text } }
  all: { uses: fake/collect, in: { texts: loud.text } }
outputs: { all: all.text, loud: loud.text }
`,
}

/** Items from an index, large values and files, a value of the whole collection that every item reads. */
const scatter = {
  files: { 'list.txt': `${words.map((word, i) => `${word} ${sentence(word, i)}`).join('\n')}\n` },
  pipeline: `maskloom: 1
name: scatter
steps:
  lines: { uses: fake/lines, with: { path: list.txt } }
  scan: { uses: fake/scan, with: { delay_ms: 120 }, in: { texts: lines.texts } }
  read: { uses: fake/read-map, in: { map: scan.map } }
  large: { uses: torture/large, in: { texts: read.text } }
  all: { uses: fake/collect, in: { texts: read.text } }
  each: { uses: fake/with-all, in: { texts: read.text, all: all.text } }
  file: { uses: torture/file, in: { texts: each.text } }
  book: { uses: fake/collect, with: { title: book }, in: { texts: large.text } }
outputs: { file: file.file, all: all.text, book: book.text }
`,
}

/** Children and gathering, ids in keys, a model on the children. */
const children = {
  files: Object.fromEntries(words.slice(0, 5).map((word, i) => [`texts/${word}.txt`, sentence(word, i)])),
  pipeline: `maskloom: 1
name: children
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  tagged: { uses: fake/tagged, in: { texts: texts.texts } }
  words: { uses: fake/words, in: { texts: tagged.text } }
  scan: { uses: fake/scan, with: { delay_ms: 60 }, in: { texts: words.words } }
  read: { uses: fake/read-map, in: { map: scan.map } }
  again: { uses: fake/sentence, in: { texts: tagged.text, words: read.text } }
  large: { uses: torture/large, in: { texts: again.text } }
  all: { uses: fake/collect, in: { texts: again.text } }
outputs: { large: large.text, all: all.text }
`,
}

export const projects = { segment, scatter, children }

/** Writes a project's files into a folder. */
export function writeProject({ files, pipeline }, folder) {
  for (const [path, text] of Object.entries({ ...files, 'pipeline.yaml': pipeline, 'maskloom.config.yaml': '' })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
