import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { groupedFolds, plainFolds, stratifiedFolds, stratifiedGroupedFolds } from '../kernels/folds.ts'
import { newMt19937 } from '../kernels/mt19937.ts'
import {
  shuffledGroupedFolds,
  shuffledPlainFolds,
  shuffledStratifiedFolds,
  shuffledStratifiedGroupedFolds,
} from '../kernels/shuffled-folds.ts'
import type { Label } from '../values/label.ts'
import { heldOut, selectionOf } from '../values/selection.ts'
import type { Table } from '../values/table.ts'
import { gatherTogether, numbered } from './together.ts'

interface Params {
  readonly folds: number
  readonly fold: number
  readonly seed?: number
  readonly shuffle: 'by-id' | 'scikit-learn'
  readonly siblings: 'together' | 'apart'
}

interface Inputs {
  readonly items: Collection<unknown>
  readonly labels?: Collection<Label>
  readonly groups?: Collection<Label>
}

export const splitsFolds = defineNode<Params, Inputs>({
  name: 'splits/folds',
  version: 1,
  description:
    'Cross-validation: holds out one of several equal parts of the items. With labels every part has its share of each (stratified); with groups no group is divided between parts. Assigned as scikit-learn does (KFold, StratifiedKFold, GroupKFold, StratifiedGroupKFold), items by id.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['fold'],
    properties: {
      folds: { type: 'integer', minimum: 2, default: 5, description: 'Number of parts.' },
      fold: { type: 'integer', minimum: 0, description: 'The part to hold out, from 0.' },
      seed: {
        type: 'integer',
        description: 'Shuffles items (and groups) first. Default: not shuffled.',
      },
      shuffle: {
        enum: ['by-id', 'scikit-learn'],
        default: 'by-id',
        description:
          'How a seed shuffles. by-id: by a hash of each id and the seed, so that a new item leaves the order of the others; scikit-learn: as shuffle=True with random_state does, the same parts number for number.',
      },
      siblings: {
        enum: ['together', 'apart'],
        default: 'together',
        description:
          'Items below one parent (a/1 and a/2: tiles of one image, files of one folder) stay in one part, or are items like others.',
      },
    },
  },
  inputs: {
    items: {
      kind: ['image', 'instances', 'label'],
      per: 'item',
      description: 'The items to divide; only their ids count.',
    },
    labels: { kind: 'label', per: 'item', optional: true, description: 'What to share out evenly, for each item.' },
    groups: { kind: 'label', per: 'item', optional: true, description: 'What belongs together, for each item.' },
  },
  outputs: {
    train: { kind: 'selection', per: 'collection', description: 'All other items.' },
    valid: { kind: 'selection', per: 'collection', description: 'The part that is held out.' },
    table: { kind: 'table', per: 'collection', description: 'The part of each item, with label and group.' },
  },
  example: `folds:
  uses: splits/folds
  matrix: { fold: [0, 1, 2, 3, 4] }
  with: { fold: "\${matrix.fold}" }
  in: { items: truth.instances, labels: truth.label, groups: truth.group }
`,
  types: ({ fold, folds, seed = null, siblings }, context) => {
    if (fold >= folds)
      context.problem({ param: 'fold', message: `there is no part ${fold} of ${folds}`, fix: `0 to ${folds - 1}` })
    return { valid: heldOut({ fold, folds, division: { seed, siblings } }) }
  },
  run: async ({ items, labels, groups }, params, context) => {
    const byHash = params.seed !== undefined && params.shuffle === 'by-id'
    const rank = (text: string) => (byHash ? sha256(`${params.seed}/${text}`) : text)
    const ids = [...items.ids].sort(byRank(rank))
    const labelOf = labels && (await textsOf(labels))
    const groupOf = groups && (await textsOf(groups))
    const together = gatherTogether(ids, groupOf, params.siblings === 'together')
    const labelNumbers = labelOf && numbered(ids.map(id => labelOf.get(id)!))
    const groupNumbers = together && numbered(together, byRank(rank))
    const parts = new Set(together ?? ids).size
    if (parts < params.folds) throw tooFew(parts, together !== undefined, params.folds)
    const foldOf = assign(ids.length, labelNumbers, groupNumbers, params)
    if (labelOf) noteRareLabels(labelOf, params.folds, context.note)
    const rows = ids.map((id, i) => [id, foldOf[i]!, labelOf?.get(id) ?? null, together?.[i] ?? null])
    return {
      train: selectionOf(ids.filter((_, i) => foldOf[i] !== params.fold)),
      valid: selectionOf(ids.filter((_, i) => foldOf[i] === params.fold)),
      table: { columns: ['item', 'fold', 'label', 'group'], rows: rows.sort(byFirst) } satisfies Table,
    }
  },
})

function assign(
  count: number,
  labels: Int32Array | undefined,
  groups: Int32Array | undefined,
  { folds, seed, shuffle }: Params,
): Int32Array {
  if (seed !== undefined && shuffle === 'scikit-learn') {
    const random = newMt19937(seed)
    if (groups && labels) return shuffledStratifiedGroupedFolds(labels, groups, folds, random)
    if (groups) return shuffledGroupedFolds(groups, folds, random)
    return labels ? shuffledStratifiedFolds(labels, folds, random) : shuffledPlainFolds(count, folds, random)
  }
  if (groups && labels) return stratifiedGroupedFolds(labels, groups, folds)
  if (groups) return groupedFolds(groups, folds)
  return labels ? stratifiedFolds(labels, folds) : plainFolds(count, folds)
}

async function textsOf(collection: Collection<Label>): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for await (const { id, value } of collection.items) texts.set(id, value.text)
  return texts
}

function noteRareLabels(labelOf: ReadonlyMap<string, string>, folds: number, note: (message: string) => void): void {
  const counts = new Map<string, number>()
  for (const text of labelOf.values()) counts.set(text, (counts.get(text) ?? 0) + 1)
  const rare = [...counts].filter(([, count]) => count < folds)
  if (rare.length > 0) note(`fewer items than parts: ${rare.map(([text, count]) => `${text} (${count})`).join(', ')}`)
}

function tooFew(parts: number, grouped: boolean, folds: number): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `${parts} ${grouped ? 'groups' : 'items'} cannot be divided into ${folds} parts`,
    fix: grouped ? 'fewer folds; if ids only look like parents and children: siblings: apart' : 'fewer folds',
  })
}

function byRank(rank: (text: string) => string) {
  return (a: string, b: string) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0)
}

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1
}
