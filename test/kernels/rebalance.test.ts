import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochOrder } from '../../nodes/kernels/epoch-order.ts'
import { newMt19937 } from '../../nodes/kernels/mt19937.ts'
import { type RankGroup, rankClasses, rebalance } from '../../nodes/kernels/rebalance.ts'
import { readGolden } from '../helpers/golden.ts'

interface Case {
  readonly variant: 'leaf' | 'with-extra' | 'parent'
  readonly seed: number
  readonly pairs: readonly (readonly [number, number])[]
  readonly extra: readonly number[]
  readonly edges: readonly number[]
  readonly targets: readonly number[]
  readonly counts: readonly (readonly [number, number])[]
  readonly orderSeed: number
  readonly order: readonly number[]
}

const { cases } = readGolden<{ cases: readonly Case[] }>('rebalance/golden.json.gz')

/** Labels and images numbered by first appearance, as the node does. */
function numbered({ pairs, extra }: Pick<Case, 'pairs' | 'extra'>) {
  const imageOf = new Map<number, number>()
  const labelOf = new Map<number, number>()
  const images: number[][] = []
  for (const [label, image] of pairs) {
    if (!imageOf.has(image)) imageOf.set(image, imageOf.size)
    if (!labelOf.has(label)) images[labelOf.size] = []
    if (!labelOf.has(label)) labelOf.set(label, labelOf.size)
    const own = images[labelOf.get(label)!]!
    if (!own.includes(imageOf.get(image)!)) own.push(imageOf.get(image)!)
  }
  const names = [...imageOf.keys()]
  const sorted = names.toSorted((a, b) => a - b)
  return {
    names,
    labelOf,
    classes: {
      images,
      sortedPlaces: Uint32Array.from(names, name => sorted.indexOf(name)),
      extra: Uint8Array.from(names, name => (extra.includes(name) ? 1 : 0)),
    },
  }
}

const none = { count: 0, extraCount: 0, target: 0, exceeded: 0, order: 'appearance' } as const

function groupsOf({ variant, edges, targets }: Case, person: number | undefined): RankGroup[] {
  const [a, b, c] = edges as [number, number, number]
  const [low, high, exceeded, lowExceeded] = targets as [number, number, number, number]
  const end = 999
  if (variant === 'parent') {
    return [
      { ...none, first: b, last: end, rule: 'fill', target: low },
      { ...none, first: a, last: b - 1, rule: 'at-least', count: 1 },
      { ...none, first: 0, last: a - 1, rule: 'draw', target: high, exceeded, order: 'sorted', stopAt: person! },
    ]
  }
  const extra = variant === 'with-extra'
  const order = extra ? 'sorted' : 'appearance'
  return [
    { ...none, first: c, last: end, rule: 'set', count: extra ? 8 : 10, extraCount: 10 },
    {
      ...none,
      first: b,
      last: c - 1,
      rule: 'fill',
      target: low,
      exceeded: lowExceeded ?? 0,
      extraCount: extra ? 5 : 0,
      order,
    },
    { ...none, first: a, last: b - 1, rule: 'at-least', count: 1 },
    { ...none, first: 0, last: a - 1, rule: 'draw', target: high, exceeded, extraCount: 1, order },
  ]
}

describe('rebalancing like the authors of the 7th place', () => {
  it.each(cases.map((one, i) => ({ ...one, i })))('case $i ($variant) has their counts and their order', one => {
    const { names, labelOf, classes } = numbered(one)
    const random = newMt19937(one.seed)
    const counts = rebalance(classes, groupsOf(one, labelOf.get(1)), random, {
      rule: 'openimages-2019',
      maxRepeats: 10,
    })
    const expected = new Map(one.counts)
    expect([...counts]).toEqual(names.map(name => expected.get(name) ?? 0))
    expect(Array.from(epochOrder(counts, one.orderSeed, 'scramble'), image => names[image])).toEqual(one.order)
  })
})

describe('rebalancing', () => {
  const three = {
    images: [[0, 1, 2, 3], [4], [1, 5]],
    extra: new Uint8Array(6),
    sortedPlaces: Uint32Array.of(0, 1, 2, 3, 4, 5),
  }
  const options = { rule: 'default', maxRepeats: 10 } as const

  it('ranks classes by images, of equal ones the first, and leaves empty ones out', () => {
    expect(rankClasses([[1], [], [1, 2], [3]])).toEqual([2, 0, 3])
  })

  it('fills by hand: 7 places for two images are 3 each and one more by lot', () => {
    const group = { ...none, first: 1, last: 1, rule: 'fill', target: 7 } as const
    const counts = rebalance(three, [group], newMt19937(1), options)
    expect([counts[1]! + counts[5]!, Math.min(counts[1]!, counts[5]!)]).toEqual([7, 3])
  })

  it('does not fill above the limit; the authors’ rule does and ends the group there', () => {
    const group = { ...none, first: 0, last: 2, rule: 'fill', target: 30 } as const
    expect([...rebalance(three, [group], newMt19937(1), options)].toSorted()).toEqual([10, 10, 10, 6, 7, 7])
    const theirs = rebalance(three, [group], newMt19937(1), { ...options, rule: 'openimages-2019' })
    expect([...theirs]).toEqual([0, 0, 0, 0, 30, 0])
  })

  it('draws nobody twice and ends when nobody is left; the authors’ rule refuses', () => {
    const group = { ...none, first: 0, last: 0, rule: 'draw', target: 9 } as const
    expect([...rebalance(three, [group], newMt19937(1), options)]).toEqual([1, 1, 1, 1, 0, 0])
    expect(() => rebalance(three, [group], newMt19937(1), { ...options, rule: 'openimages-2019' })).toThrow(
      'class 0 lacks 9 places and has 4 images',
    )
  })

  it('never lowers what an extra image has; the authors’ rule does', () => {
    const world = { ...three, extra: Uint8Array.of(0, 1, 0, 0, 0, 0) }
    const groups = [
      { ...none, first: 0, last: 0, rule: 'set', count: 8, extraCount: 10 },
      { ...none, first: 1, last: 1, rule: 'fill', target: 0, extraCount: 5 },
    ] as const
    expect(rebalance(world, groups, newMt19937(1), options)[1]).toBe(10)
    expect(rebalance(world, groups, newMt19937(1), { ...options, rule: 'openimages-2019' })[1]).toBe(5)
  })
})

describe('the order of an epoch', () => {
  it('has every image as often as it counts, whatever the counts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 60 }), fc.nat(1000), fc.boolean(), (counts, seed, keep) => {
        const order = epochOrder(counts, seed, keep ? 'keep' : 'scramble')
        const seen = new Array<number>(counts.length).fill(0)
        for (const image of order) seen[image]!++
        expect(seen).toEqual(counts)
      }),
    )
  })

  it('spreads repetitions: one in each part of the epoch', () => {
    const counts = [...new Array<number>(90).fill(1), 3]
    const order = [...epochOrder(counts, 20, 'keep')]
    const places = order.flatMap((image, place) => (image === 90 ? [place] : []))
    expect(places.map(place => Math.floor(place / 31))).toEqual([0, 1, 2])
  })

  it('keeps the order inside a slice unless told to scramble it', () => {
    const counts = [...new Array<number>(40).fill(1), 2]
    const once = [...epochOrder(counts.slice(0, 40), 20, 'keep')]
    expect([...epochOrder(counts, 20, 'keep')].filter(image => image < 40)).toEqual(once)
    expect([...epochOrder(counts, 20, 'scramble')].filter(image => image < 40)).not.toEqual(once)
  })
})
