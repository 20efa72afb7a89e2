import { dirname, join, resolve } from 'node:path'
import type { Digest } from '../engine/base/digest.ts'
import { DELIVERY_PREFIX, deliverFile } from './deliver.ts'
import { type FileMemory, fileDigest } from './file-memo.ts'
import { exists, type FileSystem } from './files.ts'
import { objectPath } from './objects.ts'
import { explained } from './problem.ts'
import { sweep } from './scratch.ts'

export interface OutputOptions {
  readonly files: FileSystem
  /** The store's folder; undefined for a store without files: temporary files are then made beside the target. */
  readonly directory: string | undefined
  readonly now: () => number
  readonly memory: FileMemory
  /** Verified bytes of a value, dropped if damaged. */
  readonly read: (digest: Digest) => Uint8Array | undefined
  /** Called when an object turned out damaged while it was copied. */
  readonly damaged: (digest: Digest) => void
}

/**
 * `Store.deliver`: leaves a file alone that has the right content already (known from the file memo, so a repeated run
 * reads nothing), else copies the value under a temporary name and renames it into place.
 */
export function openOutput(options: OutputOptions): (digest: Digest, path: string) => 'written' | 'unchanged' | false {
  const { files, directory, now, memory, read, damaged } = options
  const prepared = new Map<string, readonly string[]>()

  /** Folders for the temporary file. The store's own is swept at every start, so it is preferred where it can be. */
  function tmpFolders(folder: string): readonly string[] {
    const known = prepared.get(folder)
    if (known !== undefined) return known
    const tmp = directory === undefined ? undefined : join(directory, 'tmp')
    const near = tmp !== undefined && files.statSync(tmp).dev === files.statSync(folder).dev
    sweep(files, folder, DELIVERY_PREFIX, now())
    const folders = near ? [tmp, folder] : [folder]
    prepared.set(folder, folders)
    return folders
  }

  return (digest, path) => {
    const target = resolve(path)
    const there = explained('looking for a result', target, () => isDelivered(files, memory, now, digest, target))
    if (there) return 'unchanged'
    const folder = dirname(target)
    const folders = explained('preparing the folder of a result', folder, () => {
      files.mkdirSync(folder, { recursive: true })
      return tmpFolders(folder)
    })
    const object = directory === undefined ? undefined : objectPath(directory, digest)
    if (object !== undefined && exists(files, object)) {
      if (deliverFile(files, { objectPath: object }, digest, target, folders)) return 'written'
      damaged(digest)
      return false
    }
    const bytes = read(digest)
    return bytes !== undefined && deliverFile(files, { bytes }, digest, target, folders) ? 'written' : false
  }
}

function isDelivered(files: FileSystem, memory: FileMemory, now: () => number, digest: Digest, path: string): boolean {
  const found = files.statSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true && fileDigest(files, memory, now, path).sha256 === digest
}
