import type { Digest, Key } from '../base/digest.ts'

/**
 * The cache. Known: a row names the digest of an output. Present: the blob is there and its bytes match. Lost: it is
 * not (any more). Known is enough to derive keys; bytes are handed out only when verified.
 *
 * One process writes (`Store`), any number read (`StoreReader`). A row is written after its blobs; a key, once
 * written, keeps its digests (a second, different result is reported, not stored).
 */
export interface StoreReader {
  /** Output digests by port, or undefined if the key has no row. */
  readonly task: (key: Key) => TaskRow | undefined
  /** The index says the blob is here (its bytes are not read). */
  readonly has: (digest: Digest) => boolean
  /** Verified bytes; undefined if lost. Damaged bytes are lost bytes. */
  readonly read: (digest: Digest) => Uint8Array | undefined
  /** Path of a file with the verified bytes, only to be read, there until the reader is closed; undefined if lost. */
  readonly file: (digest: Digest) => string | undefined
  /** A fresh path in the store's scratch folder, for a file that will be stored (or removed). */
  readonly scratchFile: (extension: string) => string
  readonly close: () => void
}

export interface TaskRow {
  readonly outputs: { readonly [port: string]: Digest }
  readonly durationMs: number
}

/** One finished task, ready to be stored. */
export interface TaskRecord {
  readonly key: Key
  readonly recipe: Digest
  readonly outputs: { readonly [port: string]: Digest }
  readonly durationMs: number
  /** Blobs that go with it; ports whose policy is row-only have none. */
  readonly blobs: readonly NewBlob[]
}

/** Bytes, or a finished scratch file that the store takes over by renaming. */
export interface NewBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly content: Uint8Array | { readonly scratchPath: string }
}

export interface FileDigest {
  readonly sha256: Digest
  readonly sizeBytes: number
}

export interface Store extends StoreReader {
  /** Where workers open their readers and put scratch files; undefined for a store without files. */
  readonly directory: string | undefined
  /** Durable when it returns: blobs first, then all rows in one transaction. Keys that differ from a stored row are returned. */
  readonly commit: (records: readonly TaskRecord[]) => readonly Key[]
  /** Forgets the bytes of a blob found damaged or missing, keeps the rows. */
  readonly drop: (digest: Digest) => void
  /** Copies the verified blob to a path by temp file and rename, unless those bytes are there; false if lost. */
  readonly deliver: (digest: Digest, path: string) => 'written' | 'unchanged' | false
  /** sha256 of a file's content, remembered by (device, inode, size, mtime, ctime). */
  readonly fileDigest: (path: string) => FileDigest
  /** The same for many, in order: what is remembered is looked up together. */
  readonly fileDigests: (paths: readonly string[]) => readonly FileDigest[]
  /** Small JSON remembered by a name and a content digest (ONNX signatures, class lists of indexes). */
  readonly memo: {
    readonly get: (key: Digest) => string | undefined
    readonly set: (key: Digest, json: string) => void
  }
  readonly recipes: {
    readonly get: (recipe: Digest) => string | undefined
    readonly set: (recipe: Digest, json: string) => void
  }
  readonly runs: RunLog
  readonly stats: () => StoreStats
}

/** Records of runs: what `runs` lists and what `why` compares with. */
export interface RunLog {
  readonly start: (run: {
    readonly id: string
    readonly pipeline: string
    readonly path: string
    readonly startedMs: number
    readonly paramsJson: string
    /** Of all its cells: what it made, used or will ask for. They must be in `recipes`. */
    readonly recipes?: readonly Digest[]
  }) => void
  readonly finish: (
    id: string,
    end: { readonly finishedMs: number; readonly status: string; readonly summaryJson: string },
  ) => void
  /** Remembers how a cell was keyed in this run: its recipe and the digests of its inputs and outputs (collections or values). */
  readonly cell: (id: string, record: CellRecord) => void
  readonly list: (limit: number) => readonly RunRow[]
  /** All cells a run recorded, sorted by address. */
  readonly cells: (id: string) => readonly CellRecord[]
  /** The newest record of this address in an earlier run of this pipeline. */
  readonly lastCell: (pipelinePath: string, address: string) => (CellRecord & { readonly runId: string }) | undefined
}

export interface CellRecord {
  readonly address: string
  readonly recipe: Digest
  readonly inputs: readonly (readonly [port: string, digests: readonly Digest[]])[]
  readonly outputs: { readonly [port: string]: Digest }
  /** What it was fed with and where its files were: not in keys as such, but what a change of a key comes from. */
  readonly wiring?: Wiring
}

export interface Wiring {
  /** By port in order: `step[coordinates].port` of each value. */
  readonly ports: readonly (readonly [port: string, sources: readonly string[]])[]
  /** What chooses its items: address of the port, and the text asked for (null: a list of ids). */
  readonly selects: readonly (readonly [source: string, equals: string | null])[]
  readonly join: string
  /** Absolute paths of its path parameters, by place in the parameters (`model`, `lists.0`). */
  readonly paths: { readonly [place: string]: string }
}

export interface RunRow {
  readonly id: string
  readonly pipeline: string
  /** Of the pipeline's file, absolute. */
  readonly path: string
  readonly paramsJson: string
  readonly startedMs: number
  readonly finishedMs: number | undefined
  readonly status: string
  readonly summaryJson: string | undefined
}

export interface StoreStats {
  readonly tasks: number
  readonly blobs: number
  readonly blobBytes: number
  readonly inlineBlobs: number
  readonly fileBlobs: number
  readonly databaseBytes: number
}
