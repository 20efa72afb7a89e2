import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection, RunContext } from '../../engine/contract/node.ts'
import { checkLabels, inputClasses, inputClassLists } from './input-classes.ts'
import type { Instances } from './instances.ts'
import { relabelTo } from './truth-classes.ts'
import { walkAll } from './walk-together.ts'

/** What several sources found in a picture and what is in it, all in the classes of the truth. */
export interface SourcesScene {
  readonly id: string
  /** [sources] without what is of other classes. */
  readonly found: readonly Instances[]
  readonly truth: Instances
}

/**
 * The folded input `port` beside `truth`, item by item.
 * @param names of the sources, for messages.
 * @throws TaskError naming the item and the source that lacks it, has another frame, or labels outside its class list.
 */
export async function* walkSources(
  port: string,
  sources: readonly Collection<Instances>[],
  names: readonly string[],
  truth: Collection<Instances>,
  context: RunContext,
): AsyncGenerator<SourcesScene> {
  const classes = inputClasses(context, 'truth')
  const lists = inputClassLists(context, port)
  const relabels = lists.map(list => relabelTo(classes, list))
  const ports = [...names.map(name => `${port} (${name})`), 'truth']
  for await (const { id, values } of walkAll([...sources, truth], ports)) {
    const own = values.at(-1)!
    checkLabels(own.labels, classes, `item ${id} at input truth`)
    const found = values.slice(0, -1).map((one, source) => {
      checkLabels(one.labels, lists[source]!, `item ${id} at input ${ports[source]}`)
      if (one.sizeHw[0] === own.sizeHw[0] && one.sizeHw[1] === own.sizeHw[1]) return relabels[source]!(one)
      throw new TaskError({
        code: 'bad-value',
        message: `item ${id}: the predictions are in a frame of ${one.sizeHw.join(' × ')}, the truth in one of ${own.sizeHw.join(' × ')} (height × width), at input ${ports[source]}`,
        fix: 'all must be in the frame of the original image',
      })
    })
    yield { id, found, truth: own }
  }
}
