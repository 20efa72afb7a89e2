import type { Collection, NodeDefinition, NodeParts, RunContext, Values } from '../../engine/contract/node.ts'
import type { Instances } from '../values/instances.ts'
import { checkedScene, type Scene, walkScenes } from '../values/walk-scenes.ts'

/** An evaluation that looks at each picture by itself and puts together what it found. */
export interface SceneParts<Params, Part> {
  readonly of: (scene: Scene, params: Params, context: RunContext) => Part
  readonly reduce: (parts: readonly Part[], params: Params, context: RunContext) => Values | Promise<Values>
}

/** `run` and `parts` of a node with the inputs `instances` and `truth`. */
export function byScenes<Params, Part>({
  of,
  reduce,
}: SceneParts<Params, Part>): {
  readonly parts: NodeParts
  readonly run: (
    inputs: { readonly instances: Collection<Instances>; readonly truth: Collection<Instances> },
    params: Params,
    context: RunContext,
  ) => Promise<Values>
} & Pick<NodeDefinition, 'parts'> {
  return {
    parts: {
      of: ({ id, values: { instances, truth } }, params, context) =>
        of(checkedScene({ id, found: instances as Instances, truth: truth as Instances }, context), params, context),
      reduce: (parts, params, context) => reduce(parts as readonly Part[], params, context),
    },
    run: async (inputs, params, context) => {
      const parts: Part[] = []
      for await (const scene of walkScenes(inputs, context)) parts.push(of(scene, params, context))
      return reduce(parts, params, context)
    },
  }
}
