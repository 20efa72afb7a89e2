import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FileSystem } from './files.ts'
import { removeQuietly } from './files.ts'
import { liveness, ownerFromTag, ownerOf, ownerTag } from './owner.ts'

/** Files of other hosts cannot be checked by process id; untouched for this long, they are nobody's. */
const FOREIGN_AGE_MS = 24 * 3600 * 1000

/**
 * A fresh path in the store's scratch folder. The name says whose it is, and a later `openStore` removes it once that
 * process is gone. A worker passes its parent's id: the parent commits the file, so the file lives as long as the parent.
 */
export function scratchPath(directory: string, extension: string, ownerPid: number = process.pid): string {
  const suffix = extension === '' ? '' : `.${extension.replace(/^\.+/, '')}`
  return join(directory, 'tmp', scratchName(ownerPid) + suffix)
}

export function scratchName(ownerPid: number = process.pid): string {
  return `${ownerTag(ownerOf(ownerPid))}-${randomBytes(6).toString('hex')}`
}

/** Removes what dead processes left under `folder`: names that start with `prefix` and an owner tag. */
export function sweep(files: FileSystem, folder: string, prefix: string, nowMs: number): number {
  let removed = 0
  for (const name of files.readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue
    const owner = ownerFromTag(name.slice(prefix.length))
    if (owner === undefined) continue
    const path = join(folder, name)
    const state = liveness(owner)
    if (state === 'alive') continue
    if (state === 'unknown') {
      const mtimeMs = files.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs
      if (nowMs - mtimeMs < FOREIGN_AGE_MS) continue
    }
    removeQuietly(files, path)
    removed++
  }
  return removed
}
