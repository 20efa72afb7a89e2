import type { Json } from '../base/canonical.ts'

/**
 * A kind of value that flows between steps. The engine moves, hashes and stores values; only their kind knows what is
 * in them. One object per kind in `nodes/values/`, listed in the registry.
 */
export interface Kind<T = unknown> {
  readonly name: string
  readonly description: string
  /** Never stored and never leaves the worker that made it (feature maps). Such a kind has no codec. */
  readonly transient?: true
  /**
   * Value to bytes: equal values give equal bytes on every machine; the bytes are fresh (they may be transferred to
   * another thread). A string is the path of a finished scratch file
   * that the store takes over (kind `file`).
   * @throws TaskError when the value breaks the kind's rules (NaN score, runs out of order): the node boundary's check.
   */
  readonly encode: (value: T) => Uint8Array | string
  /** Bytes to value; the value may share memory with `bytes`, which is not used again. */
  readonly decode: (bytes: Uint8Array) => T
  /** Frees what the garbage collector does not see (handles of a transient value). */
  readonly release?: (value: T) => void
  /**
   * For a transient kind: writes the value to an open, empty file, where it waits while there is no room for it in memory.
   * The value itself is not changed; it is released afterwards. Errors of the system are thrown as they come. Absent: values of this kind are
   * kept, or made again.
   * @param file - descriptor, for reading and writing, in any thread of this process.
   */
  readonly spill?: (value: T, file: number) => Promise<Spilled<T>>
  /** Bytes held while the value is alive, for admission by memory. */
  readonly residentBytes?: (value: T) => number
  /** The same value, prepared for being used again and again in one worker: what is worked out of it is kept with it. */
  readonly forRepeatedUse?: (value: T) => T
  /** File extension without dot under which a stored value is delivered, unless the port says otherwise. */
  readonly extension: string
  /** The value as a few lines of text for the end of a run (tables); absent for kinds nobody reads in a terminal. */
  readonly print?: (value: T) => string
  /** The item ids a value lists: makes the kind fit for `items: step.port`. */
  readonly ids?: (value: T) => readonly string[]
  /** The text of a value: makes the kind fit for `items: { from: step.port, equals: … }`. */
  readonly choice?: (value: T) => string
  /** The texts that can occur, where the static type knows them: `equals` is checked against them before a run. */
  readonly choices?: (facets: Facets) => readonly string[] | undefined
  /** One line on how two static types of this kind differ ("12 classes (Apple, …) against 3 (Fruit, …)"). */
  readonly explainDifference?: (a: Facets, b: Facets) => string
}

/** A value in a file. */
export interface Spilled<T> {
  /** The same value, made from the file, whenever it is called. */
  readonly restore: () => Promise<T>
  /** What writing took, without waiting for a thread that was busy with something else. */
  readonly workMs: number
}

/**
 * An object with this property is the parts at `indices` of `root`, and nothing else: equal parts of one root are equal,
 * without a look at the rest. For values that are used again and again (`Kind.forRepeatedUse`).
 */
export const selection: unique symbol = Symbol.for('maskloom.selection')

export interface Selected {
  readonly root: object
  readonly indices: Uint32Array
}

/**
 * What is known of a value before it exists, beyond its kind: class lists, above all. Compared by deep equality; the
 * engine gives no meaning to the names in it.
 */
export type Facets = { readonly [name: string]: Json }
