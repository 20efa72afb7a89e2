import type { RankGroup } from '../kernels/rebalance.ts'

/** A group of class ranks as pipelines write it. */
export interface WrittenGroup {
  readonly ranks: readonly [number, number]
  readonly rule: RankGroup['rule']
  readonly count?: number
  readonly extra_count?: number
  readonly target?: number
  readonly exceeded?: number
  readonly order?: RankGroup['order']
  readonly stop_at?: string
}

/** The leaf variant of the 7th-place solution of Open Images 2019, for 275 classes. */
export const publishedLeafGroups: readonly WrittenGroup[] = [
  { ranks: [241, 274], rule: 'set', count: 10 },
  { ranks: [64, 240], rule: 'fill', target: 1500 },
  { ranks: [24, 63], rule: 'at-least', count: 1 },
  { ranks: [0, 23], rule: 'draw', target: 6000, exceeded: 1000 },
]

const whole = (description: string) => ({ type: 'integer', minimum: 0, description }) as const

export const rankGroupsSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['ranks', 'rule'],
    properties: {
      ranks: {
        type: 'array',
        items: { type: 'integer', minimum: 0 },
        minItems: 2,
        maxItems: 2,
        description: 'First and last rank, from 0, both included; ranks beyond the last class are passed over.',
      },
      rule: {
        enum: ['set', 'fill', 'at-least', 'draw'],
        description:
          'set: every image comes count times, an extra one extra_count times. fill: images that do not come yet share what the class lacks of target, the remainder by lot. at-least: every image comes count times or more. draw: as many images that do not come yet as the class lacks of target come once, by lot.',
      },
      count: whole('See rule.'),
      extra_count: whole(
        'set: see rule; default: count. fill: with so many an extra image begins. draw: so often every extra image comes at least.',
      ),
      target: whole('How often images of a class should come in all.'),
      exceeded: whole('What a class gets that is over its target already. Default: 0, nothing.'),
      order: {
        enum: ['appearance', 'sorted'],
        description: 'Lots are drawn from images in the order of their appearance (default) or sorted by id.',
      },
      stop_at: { type: 'string', description: 'A class id that ends its group, itself untouched.' },
    },
  },
} as const

/** What a rule cannot do without. */
const needed = { set: ['count'], fill: ['target'], 'at-least': ['count'], draw: ['target'] } as const

/** What is wrong with the groups, or undefined. */
export function groupsProblem(groups: readonly WrittenGroup[]): string | undefined {
  for (const [index, group] of groups.entries()) {
    const [first, last] = group.ranks
    if (first > last) return `group ${index}: the ranks ${first} to ${last} run backwards`
    const missing = needed[group.rule].find(name => group[name] === undefined)
    if (missing) return `group ${index} (${group.rule}) has no ${missing}`
    const earlier = groups.slice(0, index).find(other => other.ranks[0] <= last && other.ranks[1] >= first)
    if (earlier)
      return `group ${index} (ranks ${first} to ${last}) shares ranks with that of ${earlier.ranks.join(' to ')}`
  }
  return undefined
}

/** With the defaults filled in; `labelOf` numbers the classes that there are. */
export function readGroups(groups: readonly WrittenGroup[], labelOf: ReadonlyMap<string, number>): RankGroup[] {
  return groups.map(({ ranks, rule, stop_at: stopAt, ...numbers }) => {
    const label = stopAt === undefined ? undefined : labelOf.get(stopAt)
    return {
      first: ranks[0],
      last: ranks[1],
      rule,
      count: numbers.count ?? 0,
      extraCount: numbers.extra_count ?? (rule === 'set' ? (numbers.count ?? 0) : 0),
      target: numbers.target ?? 0,
      exceeded: numbers.exceeded ?? 0,
      order: numbers.order ?? 'appearance',
      ...(label !== undefined && { stopAt: label }),
    }
  })
}
