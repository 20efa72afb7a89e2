import { nearestName } from '../base/typo.ts'
import type { TreePath } from '../contract/pipeline.ts'
import type { Feed } from './align.ts'
import { type Problem, suggest, suggestId } from './problems.ts'

export type Weights = { readonly [axis: string]: { readonly [id: string]: number } }

/** One weight for each folded value: the product of those of its coordinates; missing = 1. */
export function weightsByFeed(
  weights: Weights,
  feeds: readonly Feed[],
  report: (path: TreePath, problem: Problem) => void,
): readonly number[] {
  for (const [axis, byId] of Object.entries(weights)) {
    const ids = [...new Set(feeds.flatMap(feed => feed.step.cells[feed.cell]?.ids[axis] ?? []))].sort()
    if (ids.length === 0) {
      const known = [...new Set(feeds.flatMap(feed => feed.step.axes))]
      report([axis], {
        code: 'bad-weights',
        message: `weights name the axis \`${axis}\`, which the folded input does not have`,
        at: 'key',
        fix: suggest(nearestName(axis, known), known) ?? 'it has no axes',
      })
      continue
    }
    for (const id of Object.keys(byId).filter(one => !ids.includes(one))) {
      report([axis, id], {
        code: 'bad-weights',
        message: `weights name ${axis}=${id}, which the folded input does not have`,
        at: 'key',
        fix: suggestId(id, ids),
      })
    }
  }
  return feeds.map(feed => {
    const ids = feed.step.cells[feed.cell]?.ids ?? {}
    return Object.entries(weights).reduce((product, [axis, byId]) => product * (byId[ids[axis] ?? ''] ?? 1), 1)
  })
}
