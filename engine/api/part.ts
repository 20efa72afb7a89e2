import { TaskError } from '../base/diagnostic.ts'
import { recordDigest } from '../base/digest.ts'
import type { Graph } from '../contract/graph.ts'
import type { ChosenItems, Shard } from '../run/item-choice.ts'
import { chosenItems } from '../run/list-items.ts'
import type { Pipeline } from './load.ts'
import { PipelineError } from './pipeline-error.ts'
import { listFiles } from './surroundings.ts'

/** A part of the items: everything sees just those, steps that read all items too. */
export interface PartOptions {
  /** Ids of the items; default: all. */
  readonly items?: readonly string[]
  /** Of those the `index`-th (from 1) of `count` contiguous parts. */
  readonly shard?: Shard
}

/** @throws PipelineError when the items asked for are not there. */
export function chosenPart(pipeline: Pipeline, graph: Graph, options: PartOptions): ChosenItems | undefined {
  const { items, shard } = options
  if (items === undefined && shard === undefined) return undefined
  const choice = { ...(items === undefined ? {} : { ids: new Set(items) }), ...(shard === undefined ? {} : { shard }) }
  try {
    return chosenItems(graph, choice, pipeline.registry, listFiles)
  } catch (error) {
    if (error instanceof TaskError) throw new PipelineError([error.diagnostic])
    throw error
  }
}

/** Outputs of a part go into a folder of their own, so that they never replace those of the whole. */
export function partFolder({ items, shard }: PartOptions): string {
  const list = items === undefined ? [] : [`items-${recordDigest('part', [...new Set(items)].sort()).slice(0, 8)}`]
  return [...(shard === undefined ? [] : [`shard-${shard.index}-of-${shard.count}`]), ...list].join('-')
}
