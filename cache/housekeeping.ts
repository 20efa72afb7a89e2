import { resolve } from 'node:path'
import { type Connection, connect, openNative } from './connection.ts'
import { type FileSystem, nodeFiles } from './files.ts'
import { prepareFolder } from './folder.ts'

export interface HousekeepingOptions {
  readonly files?: FileSystem
  readonly now?: () => number
  readonly remark?: (message: string) => void
}

/** What the commands that look after a store work on. */
export interface OpenIndex {
  readonly connection: Connection
  readonly files: FileSystem
  readonly directory: string
  readonly nowMs: number
}

/** Opens the index of a store as `openStore` does, for the length of `action`. */
export function withIndex<T>(directory: string, options: HousekeepingOptions, action: (index: OpenIndex) => T): T {
  const root = resolve(directory)
  const { files = nodeFiles, now = Date.now, remark = () => {} } = options
  prepareFolder(files, root, now(), remark)
  const connection = connect(root, { files, now, remark, database: openNative })
  try {
    return action({ connection, files, directory: root, nowMs: now() })
  } finally {
    connection.close()
  }
}
