import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Nodes of scale.mjs: they do next to nothing, so that what is measured is the engine. Items are texts of 1 KB. */

const text = {
  name: 'scale-text',
  description: 'A text.',
  extension: 'txt',
  encode: value => new TextEncoder().encode(value),
  decode: bytes => new TextDecoder().decode(bytes),
}

const params = (properties = {}, required = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const textIn = { kind: 'scale-text', per: 'item', description: 'Texts.' }
const item = (name, change) => ({
  name,
  version: 1,
  description: 'Changes a text.',
  mode: 'item',
  lane: 'cpu',
  params: params({ mark: { type: 'string', default: '', description: 'Goes into the text.' } }),
  inputs: { texts: textIn },
  outputs: { texts: textIn },
  example: '',
  types: () => ({}),
  run: ({ texts }, { mark }) => ({ texts: change(texts, mark) }),
})

const files = {
  ...item('scale/files'),
  mode: 'files',
  lane: 'io',
  params: params({ path: { type: 'string', 'x-path': 'folder', 'x-files': ['**/*.txt'], description: 'Folder.' } }, [
    'path',
  ]),
  inputs: {},
  run: ({ file }) => ({ texts: readFileSync(file.path, 'utf8') }),
}

const index = {
  ...item('scale/index'),
  mode: 'scatter',
  lane: 'io',
  params: params({ path: { type: 'string', 'x-path': 'file', description: 'Lines of JSON: id and text.' } }, ['path']),
  inputs: {},
  async *run(_, { path }) {
    for await (const line of createInterface({ input: createReadStream(path.path) })) {
      const { id, text } = JSON.parse(line)
      yield { id, outputs: { texts: text } }
    }
  },
}

const count = {
  ...item('scale/count'),
  mode: 'collection',
  params: params(),
  outputs: { text: { kind: 'scale-text', per: 'collection', description: 'How many, and how long.' } },
  async run({ texts }) {
    let items = 0
    let characters = 0
    for await (const { value } of texts.items) {
      items++
      characters += value.length
    }
    return { text: `${items} ${characters}\n` }
  },
}

export const kinds = [text]
export const nodes = [
  files,
  index,
  item('scale/first', (value, mark) => `${mark}1${value}`),
  item('scale/second', (value, mark) => `${mark}2${value}`),
  item('scale/third', (value, mark) => `${mark}3${value}`),
  count,
]
