import { type FileHandle, open } from 'node:fs/promises'
import { writeAll } from '../values/write-all.ts'

/** Rows written in one order and copied out in another: only where each row lies is kept in memory. */
export interface RowFile {
  readonly write: (id: string, text: string) => Promise<void>
  /** The rows of `ids`, in that order, behind `header`, as a new file. @throws Error for an id without a row. */
  readonly copyTo: (path: string, header: string, ids: Iterable<string>) => Promise<void>
  readonly close: () => Promise<void>
}

const BUFFER_BYTES = 1 << 20

export async function openRowFile(path: string): Promise<RowFile> {
  const file = await open(path, 'w+')
  /** Row of each id, and where rows begin; one more at the end. */
  const rowOf = new Map<string, number>()
  const offsets: number[] = [0]
  const gathered = newBuffer(file)
  return {
    write: async (id, text) => {
      rowOf.set(id, rowOf.size)
      const bytes = Buffer.from(text)
      offsets.push(offsets.at(-1)! + bytes.length)
      await gathered.add(bytes)
    },
    copyTo: async (target, header, ids) => {
      await gathered.flush()
      const out = await open(target, 'w')
      try {
        const copied = newBuffer(out)
        await copied.add(Buffer.from(header))
        for (const [from, to] of stretches(ids, rowOf, offsets)) {
          for (let at = from; at < to; at += BUFFER_BYTES) {
            const bytes = Buffer.alloc(Math.min(BUFFER_BYTES, to - at))
            await readFully(file, bytes, at)
            await copied.add(bytes)
          }
        }
        await copied.flush()
      } finally {
        await out.close()
      }
    },
    close: () => file.close(),
  }
}

/** Stretches of the file that hold the rows of `ids`; rows that follow each other are one. */
function* stretches(
  ids: Iterable<string>,
  rowOf: ReadonlyMap<string, number>,
  offsets: readonly number[],
): Generator<readonly [number, number]> {
  let from = 0
  let to = 0
  for (const id of ids) {
    const row = rowOf.get(id)
    if (row === undefined) throw new Error(`internal: no row was written for ${id}`)
    if (offsets[row] !== to || to - from > BUFFER_BYTES) {
      if (to > from) yield [from, to]
      from = offsets[row]!
    }
    to = offsets[row + 1]!
  }
  if (to > from) yield [from, to]
}

async function readFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at)
    if (bytesRead === 0) throw new Error('internal: the rows end early')
    at += bytesRead
  }
}

/** Few large writes instead of many small ones. */
function newBuffer(file: FileHandle) {
  let parts: Buffer[] = []
  let held = 0
  const flush = async () => {
    await writeAll(file, Buffer.concat(parts))
    parts = []
    held = 0
  }
  return {
    flush,
    add: async (bytes: Buffer) => {
      if (bytes.length > 0) parts.push(bytes)
      held += bytes.length
      if (held >= BUFFER_BYTES) await flush()
    },
  }
}
