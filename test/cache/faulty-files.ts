import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FileSystem, nodeFiles } from '../../cache/files.ts'
import { openStore } from '../../cache/open.ts'
import { type Digest, sha256 } from '../../engine/base/digest.ts'
import { wrongHits } from '../contract/store.ts'

const callNames = [
  'openSync',
  'closeSync',
  'readSync',
  'writeSync',
  'fsyncSync',
  'fchmodSync',
  'statSync',
  'fstatSync',
  'renameSync',
  'unlinkSync',
  'rmSync',
  'mkdirSync',
  'readdirSync',
  'statfsSync',
] as const satisfies readonly (keyof FileSystem)[]

type CallName = (typeof callNames)[number]
type Call = (...args: unknown[]) => unknown

/** The real file system, except that `before` may throw instead of a call. */
export function faultyFiles(before: (name: CallName, args: readonly unknown[]) => void): FileSystem {
  const wrapped = callNames.map(name => {
    const real = nodeFiles[name] as unknown as Call
    return [
      name,
      (...args: unknown[]) => {
        before(name, args)
        return real(...args)
      },
    ]
  })
  return Object.fromEntries(wrapped) as FileSystem
}

/** A system error as node makes them. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected`), { code })
}

/** Stands for the death of the process: from the nth call that changes anything, no call is made any more. */
export class Crash extends Error {}

const changing: ReadonlySet<CallName> = new Set([
  'writeSync',
  'fsyncSync',
  'renameSync',
  'unlinkSync',
  'rmSync',
  'mkdirSync',
  'fchmodSync',
])

export function crashingFiles(crashAt: number): { files: FileSystem; calls: () => number } {
  let calls = 0
  const files = faultyFiles((name, args) => {
    if (calls >= crashAt && calls > 0) throw new Crash()
    const creates = name === 'openSync' && args[1] === 'wx'
    if (!changing.has(name) && !creates) return
    calls++
    if (calls < crashAt) return
    // A write in progress gets half its bytes down.
    if (name === 'writeSync') nodeFiles.writeSync(args[0] as number, (args[1] as Uint8Array).subarray(0, 1000))
    throw new Crash()
  })
  return { files, calls: () => calls }
}

/**
 * What must hold of a store whatever happened to it: nothing wrong is handed out, every object is what its name says,
 * and every row has its bytes (`truth`: key → digest of tasks that were committed with their bytes).
 */
export function brokenPromises(directory: string, truth: ReadonlyMap<Digest, Digest>): string[] {
  const store = openStore(directory)
  const broken = wrongHits(store, truth)
  for (const [key, digest] of truth) {
    if (store.task(key) !== undefined && store.read(digest) === undefined)
      broken.push(`${key}: a row without its bytes`)
  }
  store.close()
  for (const path of objectsIn(directory)) {
    const name = path.split('/').slice(-2).join('')
    if (sha256(readFileSync(path)) !== name) broken.push(`${path}: not what its name says`)
  }
  return broken
}

export function objectsIn(directory: string): string[] {
  const root = join(directory, 'objects')
  return readdirSync(root).flatMap(shard => readdirSync(join(root, shard)).map(name => join(root, shard, name)))
}
