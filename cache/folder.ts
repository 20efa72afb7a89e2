import { join } from 'node:path'
import { exists, type FileSystem, writeDurably } from './files.ts'
import { refuseNetworkFolder } from './network.ts'
import { explained } from './problem.ts'
import { sweep } from './scratch.ts'

/**
 * Makes the store's folder what it should be: sub-folders, a `.gitignore` that ignores all of it, the tag by which
 * backup programs skip caches (https://bford.info/cachedir/), no leftovers of dead processes.
 */
export function prepareFolder(
  files: FileSystem,
  directory: string,
  nowMs: number,
  remark: (message: string) => void,
): void {
  explained('opening the cache folder', directory, () => {
    files.mkdirSync(directory, { recursive: true })
    refuseNetworkFolder(files, directory)
    const isNew = !exists(files, join(directory, 'objects'))
    for (const name of ['objects', 'tmp']) files.mkdirSync(join(directory, name), { recursive: true })
    if (isNew) {
      writeIfAbsent(files, join(directory, '.gitignore'), '*\n')
      writeIfAbsent(files, join(directory, 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
    } else if (
      !exists(files, join(directory, 'index.db')) &&
      files.readdirSync(join(directory, 'objects')).length > 0
    ) {
      // Empty, it is a folder that another process has just begun to make.
      remark(
        `the cache index ${join(directory, 'index.db')} is gone; large values still in the folder are used when a result needs them`,
      )
    }
    sweep(files, join(directory, 'tmp'), '', nowMs)
  })
}

function writeIfAbsent(files: FileSystem, path: string, text: string): void {
  if (!exists(files, path)) writeDurably(files, path, Buffer.from(text), 0o644)
}
