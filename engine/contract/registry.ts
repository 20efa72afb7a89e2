import type { Digest } from '../base/digest.ts'
import type { Kind } from './kind.ts'
import type { NodeDefinition } from './node.ts'

/** All the engine knows of vision arrives in this one object; workers load the module that exports it by URL. */
export interface Registry {
  /** URL of the module whose export `registry` this is, without the modules added to it. */
  readonly url: string
  /** Modules of user nodes that were added, in order; workers load and add them the same way. */
  readonly added?: readonly AddedModule[]
  readonly nodes: ReadonlyMap<string, NodeDefinition>
  readonly kinds: ReadonlyMap<string, Kind>
  /** Runtime name → what goes into the key for a device ("onnxruntime-node@1.30.0/cpu/all"). */
  readonly runtimes: ReadonlyMap<string, (device: string) => string>
}

/** A module of user nodes: it exports `nodes`, and may export `kinds` and `runtimes`. */
export interface AddedModule {
  readonly url: string
  /** What people call it: the path or the package as given. */
  readonly name: string
  /** Of the module's file alone. */
  readonly sha256: Digest
  /** Names of its nodes, once it was added. */
  readonly nodes?: readonly string[]
}
