import { nearestName } from '../base/typo.ts'
import type { NodeDefinition, ParamSchema } from '../contract/node.ts'
import type { TreePath } from '../contract/pipeline.ts'
import type { Feed } from './align.ts'
import { type Problem, suggest, suggestId } from './problems.ts'

export type Weights = { readonly [axis: string]: { readonly [id: string]: number } }

type Report = (path: TreePath, problem: Problem) => void
type Feeds = ReadonlyMap<string, readonly Feed[]>

/** What a parameter of weights comes to: cells of weight 0 are gone, from every folded input of the step. */
export interface Weighed {
  /** One for each value that the weighted port still has. */
  readonly weights: readonly number[]
  readonly feeds: Feeds
}

/** Undefined if something was wrong (reported, at paths below the parameter). */
export function weigh(
  weights: Weights,
  schema: ParamSchema,
  node: NodeDefinition,
  feeds: Feeds,
  report: Report,
): Weighed | undefined {
  const folded = feeds.get(schema['x-weights-of']!) ?? []
  if (!namesCells(weights, folded, report)) return undefined
  const all = folded.map(feed => weightOf(feed, weights))
  if (all.length > 0 && all.every(weight => weight === 0)) {
    report([], {
      code: 'bad-weights',
      message: `all ${all.length} cells of \`${folded[0]!.step.id}\` that are folded have weight 0, so nothing is left`,
      fix: 'give at least one of them a weight above 0',
    })
    return undefined
  }
  const left = [...feeds].map(([port, list]) => {
    const many = node.inputs[port]?.many === 'folded'
    return [port, many ? list.filter(feed => weightOf(feed, weights) !== 0) : list] as const
  })
  const numbers = all.filter(weight => weight !== 0)
  // Where their size means nothing they are no part of the key either.
  return { weights: schema['x-key'] === false ? numbers.map(() => 1) : numbers, feeds: new Map(left) }
}

/** The coordinates of each folded value: what weights that come through a port will name. */
export function coordinatesOf(feeds: readonly Feed[]): readonly { readonly [axis: string]: string }[] {
  return feeds.map(feed => feed.step.cells[feed.cell]?.ids ?? {})
}

/** Reports axes and ids that the folded cells do not have. */
function namesCells(weights: Weights, feeds: readonly Feed[], report: Report): boolean {
  let right = true
  const wrong: Report = (path, problem) => {
    right = false
    report(path, problem)
  }
  for (const [axis, byId] of Object.entries(weights)) {
    const ids = [...new Set(feeds.flatMap(feed => feed.step.cells[feed.cell]?.ids[axis] ?? []))].sort()
    if (ids.length === 0) {
      const known = [...new Set(feeds.flatMap(feed => feed.step.axes))]
      wrong([axis], {
        code: 'bad-weights',
        message: `weights name the axis \`${axis}\`, which the folded input does not have`,
        at: 'key',
        fix: suggest(nearestName(axis, known), known) ?? 'it has no axes',
      })
      continue
    }
    for (const id of Object.keys(byId).filter(one => !ids.includes(one))) {
      wrong([axis, id], {
        code: 'bad-weights',
        message: `weights name ${axis}=${id}, which the folded input does not have`,
        at: 'key',
        fix: suggestId(id, ids),
      })
    }
  }
  return right
}

/** The product of the weights of its coordinates; missing = 1. */
function weightOf(feed: Feed, weights: Weights): number {
  const ids = feed.step.cells[feed.cell]?.ids ?? {}
  return Object.entries(weights).reduce((product, [axis, byId]) => product * (byId[ids[axis] ?? ''] ?? 1), 1)
}
