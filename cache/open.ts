import { join, resolve } from 'node:path'
import type { Digest } from '../engine/base/digest.ts'
import type { Store, StoreReader } from '../engine/contract/store.ts'
import { openBlobFiles } from './blob-files.ts'
import { findBlob, forgetBlob, presentBytes, readBlob } from './blobs.ts'
import { toBytes } from './codec.ts'
import { commitRecords } from './commit.ts'
import { connect, type OpenDatabase, openNative } from './connection.ts'
import { fileDigest, fileDigests, indexedFileMemory } from './file-memo.ts'
import { type FileSystem, nodeFiles } from './files.ts'
import { prepareFolder } from './folder.ts'
import { openLateWrites } from './late-writes.ts'
import { readObject, removeObject } from './objects.ts'
import { openOutput } from './output.ts'
import { connectReader } from './reader-connection.ts'
import { openRunLog } from './run-log.ts'
import { scratchPath } from './scratch.ts'
import { storeStats } from './stats.ts'
import { findTask, getRecipe, putRecipe } from './tasks.ts'

export interface StoreOptions {
  readonly files?: FileSystem
  readonly now?: () => number
  /** Told what the user should know: a damaged index was set aside, a damaged value dropped. */
  readonly remark?: (message: string) => void
  /** Opens SQLite databases; tests limit their size. */
  readonly database?: OpenDatabase
}

/**
 * The store on disk, for the one process of a run that writes; several runs may have it open at once.
 *
 * @throws TaskError `store-on-network`, `store-newer`, `not-permitted`, `disk-full`, `io-failed`
 */
export function openStore(directory: string, options: StoreOptions = {}): Store {
  const root = resolve(directory)
  const { files = nodeFiles, now = Date.now, remark = () => {}, database = openNative } = options
  prepareFolder(files, root, now(), remark)
  const connection = connect(root, { files, now, remark, database })
  const late = openLateWrites(connection, now)
  const memory = indexedFileMemory(connection, late)

  function drop(digest: Digest): void {
    connection.write('dropping a damaged value', () => {
      forgetBlob(connection, digest)
      removeObject(files, root, digest)
    })
  }

  function damaged(digest: Digest): void {
    remark(`a cached value was damaged and is made again when needed (sha256 ${digest})`)
    drop(digest)
  }

  function read(digest: Digest): Uint8Array | undefined {
    const found = connection.read(() => readBlob(connection, files, root, digest))
    if (found === 'damaged') damaged(digest)
    if (found === 'missing' && connection.read(() => findBlob(connection, digest)) !== undefined) drop(digest)
    if (typeof found === 'string') return undefined
    if (found.row === undefined) late.adopt(digest, found.bytes.byteLength)
    else late.usedBlob(found.row.id, found.row.usedSeconds)
    return found.bytes
  }

  function has(digest: Digest): boolean {
    return connection.read(() => {
      const row = findBlob(connection, digest)
      if (row !== undefined) late.usedBlob(row.id, row.usedSeconds)
      return presentBytes(row, files, root, digest) !== undefined
    })
  }

  const scratchFile = (extension: string) => scratchPath(root, extension)
  const blobFiles = openBlobFiles(files, root, read, scratchFile)
  return {
    directory: root,
    file: blobFiles.file,
    task: key => {
      const row = connection.read(() => findTask(connection, key))
      if (row === undefined) return undefined
      late.usedTask(row.id, row.usedSeconds)
      return { outputs: row.outputs, durationMs: row.durationMs }
    },
    has,
    read,
    commit: records => {
      const refused = commitRecords({ connection, files, directory: root, now, alongside: late.apply }, records)
      late.clear()
      return refused
    },
    drop,
    deliver: openOutput({ files, directory: root, now, memory, read, damaged }),
    fileDigest: path => fileDigest(files, memory, now, resolve(path)),
    fileDigests: paths =>
      fileDigests(
        files,
        connection,
        memory,
        now,
        paths.map(path => resolve(path)),
      ),
    memo: {
      get: key =>
        connection.read(
          () => connection.sql<{ json: string }>('SELECT json FROM memo WHERE key = ?').get(toBytes(key))?.json,
        ),
      set: (key, json) => {
        connection.write('remembering what a file contains', () =>
          connection
            .sql('INSERT INTO memo (key, json) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json')
            .run(toBytes(key), json),
        )
      },
    },
    recipes: {
      get: recipe => connection.read(() => getRecipe(connection, recipe)),
      set: (recipe, json) => {
        if (connection.read(() => getRecipe(connection, recipe)) === json) return
        connection.write('recording how results are made', () => putRecipe(connection, recipe, json))
      },
    },
    runs: openRunLog(connection, now),
    stats: () => connection.read(() => storeStats(connection, files, join(root, 'index.db'))),
    scratchFile,
    close: () => {
      blobFiles.close()
      late.flush()
      connection.close()
    },
  }
}

/** A reader for workers: sees every row the writer has committed; never writes. */
export function openReader(directory: string, options: Pick<StoreOptions, 'files' | 'database'> = {}): StoreReader {
  const root = resolve(directory)
  const { files = nodeFiles, database = openNative } = options
  const connection = connectReader(root, files, database)
  // A forked worker's files are committed by its parent, so they live as long as the parent.
  const scratchFile = (extension: string) =>
    scratchPath(root, extension, process.send === undefined ? process.pid : process.ppid)

  function read(digest: Digest): Uint8Array | undefined {
    const found = connection.ask(() => {
      const blob = readBlob(connection, files, root, digest)
      return blob === 'missing' || blob === 'damaged' ? undefined : blob
    })
    if (found !== undefined) return found.bytes
    // An object needs no index.
    const object = readObject(files, root, digest)
    return typeof object === 'string' ? undefined : object.bytes
  }

  const blobFiles = openBlobFiles(files, root, read, scratchFile)
  return {
    task: key =>
      connection.ask(() => {
        const row = findTask(connection, key)
        return row && { outputs: row.outputs, durationMs: row.durationMs }
      }),
    has: digest => {
      const row = connection.ask(() => findBlob(connection, digest))
      return presentBytes(row, files, root, digest) !== undefined
    },
    read,
    file: blobFiles.file,
    scratchFile,
    close: () => {
      blobFiles.close()
      connection.close()
    },
  }
}
