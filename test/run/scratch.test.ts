import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../cache/open.ts'
import { scratchPath } from '../../cache/scratch.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { createScratch } from '../../engine/run/scratch.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-scratch-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Texts that go to the file as they are; `fault` is thrown instead. */
function textKind(fault?: Error, workMs = 0): Kind<string> {
  const never = () => {
    throw new Error('not stored')
  }
  return {
    name: 'text',
    description: 'A text.',
    transient: true,
    extension: 'txt',
    encode: never,
    decode: never,
    async spill(value, file) {
      if (fault !== undefined) throw fault
      writeSync(file, value, 0)
      const restore = async () => {
        const bytes = Buffer.alloc(Buffer.byteLength(value))
        readSync(file, bytes, 0, bytes.length, 0)
        return bytes.toString('utf8')
      }
      return { restore, workMs }
    },
  }
}

const systemError = (code: string) => Object.assign(new Error(code), { code })
const plenty = () => ({ free: 1e12, all: 1e12 })
let paths = 0
const newPath = () => join(folder, `value-${paths++}`)

describe('values in files', () => {
  it('come back as often as they are asked for, from files without a name', async () => {
    const scratch = createScratch({ newPath })
    const a = await scratch.put(textKind() as Kind, 'apple', 5)
    const b = await scratch.put(textKind() as Kind, 'bear', 4)
    expect(readdirSync(folder)).toEqual([])
    expect([await a!.restore(), await b!.restore(), await a!.restore()]).toEqual(['apple', 'bear', 'apple'])
    a!.discard()
    expect(await b!.restore()).toBe('bear')
    b!.discard()
  })

  it('cost what they were measured to cost', async () => {
    const scratch = createScratch({ newPath, freeBytes: plenty })
    const before = scratch.expectedMs(1e6)
    expect(before).toBeCloseTo(1 + 4)
    // 0.5 s for a megabyte: a slow disk.
    ;(await scratch.put(textKind(undefined, 500) as Kind, 'x', 1e6))!.discard()
    expect(scratch.expectedMs(1e6)).toBeCloseTo(1 + 0.7 * 4 + 0.3 * 1000)
  })

  it.each(['ENOSPC', 'EDQUOT', 'EIO'])('are not tried again after %s', async code => {
    const scratch = createScratch({ newPath, freeBytes: plenty })
    expect(await scratch.put(textKind(systemError(code)) as Kind, 'x', 1)).toBeUndefined()
    expect(scratch.expectedMs(1)).toBe(Number.POSITIVE_INFINITY)
    expect(readdirSync(folder)).toEqual([])
  })

  it('leave room for the store', async () => {
    let free = 2 ** 30 + 100
    const scratch = createScratch({ newPath, freeBytes: () => ({ free, all: 1e12 }) })
    expect(await scratch.put(textKind() as Kind, 'x', 101)).toBeUndefined()
    ;(await scratch.put(textKind() as Kind, 'x', 100))!.discard()
    free = 0
    expect(await scratch.put(textKind() as Kind, 'x', 1)).toBeUndefined()
    // It may be better in a moment.
    expect(scratch.expectedMs(1)).toBeLessThan(2)
  })

  it('that cannot be read are not there', async () => {
    const kind = {
      ...textKind(),
      spill: async () => ({ restore: () => Promise.reject(systemError('EIO')), workMs: 0 }),
    }
    const scratch = createScratch({ newPath, freeBytes: plenty })
    const waiting = await scratch.put(kind as Kind, 'x', 1)
    expect(await waiting!.restore()).toBeUndefined()
    waiting!.discard()
  })

  it('do not hide a defect of their kind', async () => {
    const scratch = createScratch({ newPath, freeBytes: plenty })
    await expect(scratch.put(textKind(new TypeError('bug')) as Kind, 'x', 1)).rejects.toThrow('bug')
  })
})

describe('a worker that is killed while values wait', () => {
  it('leaves no file, and what it could not unlink any more is swept by the next start', async () => {
    const built = new URL('../../dist/engine/run/scratch.js', import.meta.url).href
    const store = openStore(folder)
    store.close()
    const script = join(folder, 'spill.mjs')
    writeFileSync(
      script,
      `import { createScratch } from ${JSON.stringify(built)}
import { fstatSync, openSync, writeSync } from 'node:fs'
import { scratchPath } from ${JSON.stringify(new URL('../../dist/cache/scratch.js', import.meta.url).href)}
let file
const spill = async (value, fd) => { file = fd; writeSync(fd, Buffer.alloc(1e6, value)); return { restore: async () => value, workMs: 1 } }
const scratch = createScratch({ newPath: () => scratchPath(${JSON.stringify(folder)}, 'spill') })
await scratch.put({ spill }, 'x', 1e6)
// As if it had been killed between making a file and unlinking it.
openSync(scratchPath(${JSON.stringify(folder)}, 'spill'), 'wx')
console.log(fstatSync(file).size + ' ' + fstatSync(file).nlink)
setInterval(() => {}, 1000)
`,
    )
    const child: ChildProcess = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = await once(child.stdout!, 'data')
    expect(String(said).trim()).toBe('1000000 0')
    expect(readdirSync(join(folder, 'tmp'))).toHaveLength(1)
    child.kill('SIGKILL')
    await once(child, 'exit')
    openStore(folder).close()
    expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    expect(scratchPath(folder, 'spill')).toContain(join(folder, 'tmp'))
  })
})
