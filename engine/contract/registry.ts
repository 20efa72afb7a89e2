import type { Kind } from './kind.ts'
import type { NodeDefinition } from './node.ts'

/** All the engine knows of vision arrives in this one object; workers load the module that exports it by URL. */
export interface Registry {
  /** URL of the module whose export `registry` this is. */
  readonly url: string
  readonly nodes: ReadonlyMap<string, NodeDefinition>
  readonly kinds: ReadonlyMap<string, Kind>
  /** Runtime name → what goes into the key for a device ("onnxruntime-node@1.30.0/cpu/all"). */
  readonly runtimes: ReadonlyMap<string, (device: string) => string>
}
