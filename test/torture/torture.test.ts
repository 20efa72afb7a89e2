import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { recordOf } from '../contract/store.ts'
import { faultsOf, resultsOf } from './inspect.mjs'

/** The short form; the long one is `npm run torture -- --kills 500`. */
it('fifteen kills at random moments cost time, nothing else', { timeout: 300_000 }, async () => {
  const script = fileURLToPath(new URL('torture.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, '--kills', '15', '--minutes', '4', '--quiet'])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const code = await new Promise(resolve => child.on('close', resolve))
  expect(output).toMatch(/: 0 wrong or truncated hits, 0 other faults, 0 manual repairs, /)
  expect(code, output).toBe(0)
})

it('what the torture looks for is found when it is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'torture-test-'))
  try {
    const store = openStore(join(folder, '.maskloom'))
    const bytes = new Uint8Array(300_000).fill(7)
    store.commit([recordOf(1, bytes), recordOf(2, new Uint8Array([1, 2, 3]))])
    store.close()
    const reference = resultsOf(folder)
    expect(reference.size).toBe(2)
    expect(faultsOf(folder, reference)).toEqual([])

    const [key = ''] = reference.keys()
    expect(faultsOf(folder, new Map([...reference, [key, 'out 00']]))[0]).toMatch(/^wrong: .*expected out 00$/)
    expect(faultsOf(folder, new Map())[0]).toMatch(/^wrong: a result under .* which the undisturbed run has not$/)

    const objects = join(folder, '.maskloom', 'objects')
    const [shard = ''] = readdirSync(objects)
    const [name = ''] = readdirSync(join(objects, shard))
    chmodSync(join(objects, shard, name), 0o644)
    writeFileSync(join(objects, shard, name), bytes.subarray(0, 1000))
    expect(faultsOf(folder, reference)).toEqual([
      `truncated: ${shard}${name}`,
      expect.stringMatching(/^damaged: [0-9a-f]{64}$/),
    ])

    const db = new Database(join(folder, '.maskloom', 'index.db'))
    db.exec("UPDATE task SET seal = x'00'")
    db.close()
    expect(faultsOf(folder, reference)).toContain('damaged: 2 results')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
