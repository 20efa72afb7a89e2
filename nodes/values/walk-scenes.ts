import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection, RunContext } from '../../engine/contract/node.ts'
import { checkLabels, inputClasses } from './input-classes.ts'
import type { Instances } from './instances.ts'
import { walkTogether } from './walk-together.ts'

/** What was found in a picture and what is in it. */
export interface Scene {
  readonly id: string
  /** In the classes of the input `instances`. */
  readonly found: Instances
  /** In the classes of the input `truth`. */
  readonly truth: Instances
}

/**
 * Predictions and ground truth item by item.
 * @throws TaskError naming the item that only one of them has, whose frames differ, or whose labels are outside their
 * class list.
 */
export async function* walkScenes(
  inputs: { readonly instances: Collection<Instances>; readonly truth: Collection<Instances> },
  context: RunContext,
): AsyncGenerator<Scene> {
  for await (const scene of walkTogether(inputs.instances, 'instances', inputs.truth, 'truth')) {
    const { id, first: found, second: truth } = scene
    yield checkedScene({ id, found, truth }, context)
  }
}

/** @throws TaskError naming the item, when the frames differ or labels are outside their class list. */
export function checkedScene(scene: Scene, context: RunContext): Scene {
  const { id, found, truth } = scene
  if (found.sizeHw[0] !== truth.sizeHw[0] || found.sizeHw[1] !== truth.sizeHw[1]) {
    throw new TaskError({
      code: 'bad-value',
      message: `item ${id}: the predictions are in a frame of ${found.sizeHw.join(' × ')}, the truth in one of ${truth.sizeHw.join(' × ')} (height × width)`,
      fix: 'both must be in the frame of the original image; check that the annotations are of this picture at this size',
    })
  }
  checkLabels(found.labels, inputClasses(context, 'instances'), `item ${id} at input instances`)
  checkLabels(truth.labels, inputClasses(context, 'truth'), `item ${id} at input truth`)
  return scene
}
