import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { kinds as fakeKinds, nodes as fakeNodes, runtimes as fakeRuntimes } from '../fixtures/fake-nodes.mjs'

/**
 * The nodes of the test world, and two that make large values: as bytes, and as a finished file that the store takes
 * over. Values above 256 KiB become files of their own, with more steps to be killed at.
 */
const params = { type: 'object', additionalProperties: false, required: [], properties: {} }
const textIn = { kind: 'text', per: 'item', description: 'Texts.' }

/** About 400 KB of text that depends on every letter. */
function* chapters(text) {
  for (let i = 0; i < 100; i++) {
    const line = createHash('sha256').update(`${i} ${text}`).digest('hex')
    yield `${line.repeat(64)}\n`
  }
}

const large = {
  name: 'torture/large',
  version: 1,
  description: 'A large text.',
  mode: 'item',
  lane: 'cpu',
  params,
  inputs: { texts: textIn },
  outputs: { text: { kind: 'text', per: 'item', description: 'The large text.' } },
  example: '',
  types: () => ({}),
  run: ({ texts }) => ({ text: [...chapters(texts)].join('') }),
}

const file = {
  name: 'torture/file',
  version: 1,
  description: 'A large file, written step by step.',
  mode: 'item',
  lane: 'io',
  params,
  inputs: { texts: textIn },
  outputs: { file: { kind: 'file', per: 'item', description: 'The file.', extension: 'txt' } },
  example: '',
  types: () => ({}),
  run: ({ texts }, _, context) => {
    const path = context.scratchFile('txt')
    const fd = openSync(path, 'w')
    for (const chapter of chapters(texts)) writeSync(fd, chapter)
    closeSync(fd)
    return { file: path }
  },
}

export const kinds = fakeKinds
export const runtimes = fakeRuntimes
export const nodes = [...fakeNodes, large, file]
