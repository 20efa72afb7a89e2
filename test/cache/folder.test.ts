import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { refuseNetworkFolder } from '../../cache/network.ts'
import { openStore } from '../../cache/open.ts'
import { liveness, ownerFromTag, ownerOf, ownerTag } from '../../cache/owner.ts'
import { scratchPath } from '../../cache/scratch.ts'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { bytesOf, recordOf } from '../contract/store.ts'
import { faultyFiles } from './faulty-files.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-folder-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** No process has this id: Linux ends at 4,194,304. */
const NOBODY = 4_999_999

describe('leftovers in the scratch folder', () => {
  function scratchAfterOpening(names: readonly string[], nowMs = Date.now()): string[] {
    openStore(folder).close()
    for (const name of names) writeFileSync(join(folder, 'tmp', name), 'x')
    openStore(folder, { now: () => nowMs }).close()
    return readdirSync(join(folder, 'tmp'))
  }

  it('of dead processes go, those of live ones stay', () => {
    const mine = scratchPath(folder, 'bin').split('/').at(-1) ?? ''
    const dead = scratchPath(folder, 'bin', NOBODY).split('/').at(-1) ?? ''
    expect(scratchAfterOpening([mine, dead])).toEqual([mine])
  })

  it('of an earlier process with the id of a live one go', () => {
    const me = ownerOf(process.pid)
    const earlier = `${ownerTag({ ...me, start: '1' })}-abc`
    expect(me.start === '' ? [] : scratchAfterOpening([earlier])).toEqual([])
  })

  it('of before a reboot go', () => {
    const me = ownerOf(process.pid)
    expect(scratchAfterOpening([`${ownerTag({ ...me, boot: '12345678' })}-abc`])).toEqual([])
  })

  it('of another host go after a day', () => {
    const foreign = `${ownerTag({ ...ownerOf(process.pid), host: '12345678' })}-abc`
    expect(scratchAfterOpening([foreign])).toEqual([foreign])
    expect(scratchAfterOpening([foreign], Date.now() + 25 * 3600 * 1000)).toEqual([])
  })

  it('that are not ours stay', () => {
    expect(scratchAfterOpening(['notes.txt'])).toEqual(['notes.txt'])
  })

  it('of a delivery to another file system go with the next one', () => {
    const out = join(folder, 'out')
    const files = faultyFiles((name, args) => {
      if (name === 'renameSync' && String(args[0]).startsWith(join(folder, 'store', 'tmp'))) {
        throw Object.assign(new Error('EXDEV'), { code: 'EXDEV' })
      }
    })
    const record = recordOf(1, bytesOf(1, 10))
    const store = openStore(join(folder, 'store'), { files })
    store.commit([record])
    mkdirSync(out)
    writeFileSync(join(out, `.maskloom-${basename(scratchPath('', '', NOBODY))}`), 'half')
    expect(store.deliver(record.outputs['out'] as string, join(out, 'a.csv'))).toBe('written')
    expect(readdirSync(out)).toEqual(['a.csv'])
    expect(readdirSync(join(folder, 'store', 'tmp'))).toEqual([])
    store.close()
  })
})

describe('the owner of a file', () => {
  it('is found again in its name', () => {
    const me = ownerOf(process.pid)
    expect(ownerFromTag(`${ownerTag(me)}-ffff.bin`)).toEqual(me)
    expect(ownerFromTag('notes.txt')).toBeUndefined()
  })

  it('lives as long as its process', () => {
    const me = ownerOf(process.pid)
    expect(liveness(me)).toBe('alive')
    expect(liveness({ ...me, pid: NOBODY })).toBe('dead')
    expect(liveness({ ...me, boot: '00000001' })).toBe('dead')
    expect(liveness({ ...me, host: '00000001' })).toBe('unknown')
  })
})

describe('a network file system', () => {
  function onFileSystem(type: number): ReturnType<typeof faultyFiles> {
    const real = faultyFiles(() => {})
    const statfs = (path: string): unknown => ({ ...statfsSync(path), type })
    return { ...real, statfsSync: statfs as typeof real.statfsSync }
  }

  it.each([
    [0x6969, 'NFS'],
    [0x517b, 'SMB'],
    [0xff534d42, 'CIFS'],
    [-0xacb2be, 'CIFS'],
    [0xfe534d42, 'SMB 2'],
    [0x01021997, '9P'],
  ])('%i is refused before anything is written, with advice', (type, name) => {
    const directory = join(folder, 'store')
    const problem = (() => {
      try {
        openStore(directory, { files: onFileSystem(type) })
      } catch (error) {
        if (error instanceof TaskError) return error.diagnostic
      }
      return undefined
    })()
    expect(problem?.code).toBe('store-on-network')
    expect(problem?.message).toContain(name)
    expect(problem?.fix).toContain('--cache')
    expect(readdirSync(directory)).toEqual([])
  })

  it('is not what a local disk looks like', () => {
    for (const type of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x65735546]) {
      expect(() => refuseNetworkFolder(onFileSystem(type), folder, 'linux')).not.toThrow()
    }
    expect(() => refuseNetworkFolder(onFileSystem(0x6969), folder, 'darwin')).not.toThrow()
  })
})

describe('a folder that two processes make at the same time', () => {
  it('is made by both, whoever is first with each file', () => {
    const remarks: string[] = []
    const files = faultyFiles((name, args) => {
      // The other one is always a moment faster.
      if (name === 'openSync' && args[1] === 'wx') {
        writeFileSync(String(args[0]), 'theirs')
      }
    })
    const store = openStore(join(folder, 'store'), { files, remark: message => remarks.push(message) })
    store.close()
    expect(readdirSync(join(folder, 'store'))).toEqual(
      expect.arrayContaining(['.gitignore', 'CACHEDIR.TAG', 'index.db']),
    )
    expect(remarks).toEqual([])
  })

  it('is not taken for one that has lost its index', () => {
    mkdirSync(join(folder, 'store', 'objects'), { recursive: true })
    const remarks: string[] = []
    openStore(join(folder, 'store'), { remark: message => remarks.push(message) }).close()
    expect(remarks).toEqual([])
    mkdirSync(join(folder, 'lost', 'objects', 'ab'), { recursive: true })
    openStore(join(folder, 'lost'), { remark: message => remarks.push(message) }).close()
    expect(remarks).toEqual([expect.stringContaining('is gone; large values still in the folder are used')])
  })
})
