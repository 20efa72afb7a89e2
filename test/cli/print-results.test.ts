import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { printResults } from '../../engine/cli/print-results.ts'
import type { RunFinished } from '../../engine/contract/event.ts'
import type { Graph } from '../../engine/contract/graph.ts'
import type { Registry } from '../../engine/contract/registry.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'print-results-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true })
})

const output = (name: string) => ({ name, source: { cell: 0, port: name }, cells: [0] })
const graph = {
  outputs: [output('folder'), output('table')],
  steps: [{ cells: [{ index: 0 }], outputs: ['folder', 'table'].map(port => ({ port, kind: 'table' })) }],
} as unknown as Graph
const kinds = new Map([
  [
    'table',
    { decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(), print: (text: string) => `shown: ${text}` },
  ],
]) as unknown as Registry['kinds']

test('a table is shown, and a folder with a table for each item is not', () => {
  const folder = join(dir, 'folder')
  const table = join(dir, 'table.json')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.json'), 'of one item')
  writeFileSync(table, 'of all')
  const written: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    written.push(String(text))
    return true
  })
  printResults(graph, kinds, { outputs: { folder, table } } as unknown as RunFinished)
  expect(written).toEqual(['\ntable\nshown: of all\n'])
})
