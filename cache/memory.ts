import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Digest, Key } from '../engine/base/digest.ts'
import type { CellRecord, NewBlob, RunLog, RunRow, Store, TaskRow } from '../engine/contract/store.ts'
import { openBlobFiles } from './blob-files.ts'
import { fileDigest } from './file-memo.ts'
import { type FileSystem, nodeFiles, removeQuietly } from './files.ts'
import { identityColumns } from './late-writes.ts'
import { inlineBytes } from './objects.ts'
import { openOutput } from './output.ts'
import { scratchPath } from './scratch.ts'
import { disagree } from './tasks.ts'

export interface MemoryStoreOptions {
  readonly files?: FileSystem
  readonly now?: () => number
}

/**
 * A store that forgets everything when it is closed and has no folder that workers could read. Same rules as the one
 * on disk, bytes held in memory; scratch files go to the system's temporary folder.
 */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { files = nodeFiles, now = Date.now } = options
  const tasks = new Map<Key, TaskRow>()
  const blobs = new Map<Digest, Uint8Array>()
  const memos = new Map<Digest, string>()
  const recipes = new Map<Digest, string>()
  const fileHashes = new Map<string, Digest>()
  let scratch: string | undefined

  const memory = {
    get: (identity: Parameters<typeof identityColumns>[0]) => fileHashes.get(identityColumns(identity).join()),
    set: (identity: Parameters<typeof identityColumns>[0], sha256: Digest) => {
      fileHashes.set(identityColumns(identity).join(), sha256)
    },
  }

  function take(blob: NewBlob): void {
    // A copy: the caller may use its buffer again.
    blobs.set(blob.digest, new Uint8Array(inlineBytes(files, blob)))
  }

  function read(digest: Digest): Uint8Array | undefined {
    const bytes = blobs.get(digest)
    return bytes && new Uint8Array(bytes)
  }

  function scratchFile(extension: string): string {
    if (scratch === undefined) {
      scratch = mkdtempSync(join(tmpdir(), 'maskloom-'))
      mkdirSync(join(scratch, 'tmp'))
    }
    return scratchPath(scratch, extension)
  }

  const blobFiles = openBlobFiles(files, undefined, read, scratchFile)
  return {
    directory: undefined,
    file: blobFiles.file,
    task: key => tasks.get(key),
    has: digest => blobs.has(digest),
    read,
    commit: records => {
      const refused: Key[] = []
      for (const record of records) {
        const known = tasks.get(record.key)
        if (known !== undefined && disagree(known, record)) {
          refused.push(record.key)
        } else {
          record.blobs.forEach(take)
          tasks.set(record.key, {
            outputs: { ...record.outputs, ...known?.outputs },
            durationMs: Math.max(record.durationMs, known?.durationMs ?? 0),
          })
        }
        for (const { content } of record.blobs) {
          if (!(content instanceof Uint8Array)) removeQuietly(files, content.scratchPath)
        }
      }
      return refused
    },
    drop: digest => {
      blobs.delete(digest)
    },
    deliver: openOutput({ files, directory: undefined, now, memory, read, damaged: digest => blobs.delete(digest) }),
    fileDigest: path => fileDigest(files, memory, now, resolve(path)),
    fileDigests: paths => paths.map(path => fileDigest(files, memory, now, resolve(path))),
    memo: {
      get: key => memos.get(key),
      set: (key, json) => {
        memos.set(key, json)
      },
    },
    recipes: {
      get: recipe => recipes.get(recipe),
      set: (recipe, json) => {
        recipes.set(recipe, json)
      },
    },
    runs: memoryRunLog(),
    stats: () => {
      const blobBytes = [...blobs.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0)
      const count = blobs.size
      return { tasks: tasks.size, blobs: count, blobBytes, inlineBlobs: count, fileBlobs: 0, databaseBytes: 0 }
    },
    scratchFile,
    close: () => {
      blobFiles.close()
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true })
    },
  }
}

function memoryRunLog(): RunLog {
  const runs = new Map<string, RunRow>()
  return {
    start: run => {
      runs.set(run.id, {
        id: run.id,
        pipeline: run.pipeline,
        path: run.path,
        paramsJson: run.paramsJson,
        startedMs: run.startedMs,
        finishedMs: undefined,
        status: 'running',
        summaryJson: undefined,
      })
    },
    finish: (id, end) => {
      const run = runs.get(id)
      if (run !== undefined) runs.set(id, { ...run, ...end })
    },
    // Every run in memory is one of this process: there is no earlier one to compare with.
    cell: (_id: string, _record: CellRecord) => {},
    cells: () => [],
    lastCell: () => undefined,
    list: limit =>
      [...runs.values()].sort((a, b) => b.startedMs - a.startedMs || (a.id < b.id ? 1 : -1)).slice(0, limit),
  }
}
