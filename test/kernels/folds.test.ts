import { readFileSync } from 'node:fs'
import { array, assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupedFolds, plainFolds, stratifiedFolds, stratifiedGroupedFolds } from '../../nodes/kernels/folds.ts'
import { newMt19937 } from '../../nodes/kernels/mt19937.ts'
import {
  shuffledGroupedFolds,
  shuffledPlainFolds,
  shuffledStratifiedFolds,
  shuffledStratifiedGroupedFolds,
} from '../../nodes/kernels/shuffled-folds.ts'

interface Case {
  readonly folds: number
  readonly labels: number[]
  readonly groups: number[]
  readonly plain?: number[]
  readonly stratified?: number[]
  readonly grouped?: number[]
  readonly stratifiedGrouped?: number[]
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/folds/golden.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}

interface ShuffledCase {
  readonly folds: number
  readonly seed: number
  readonly labels: number[]
  readonly groups: number[]
  readonly plain: number[]
  readonly stratified: number[] | null
  readonly grouped: number[]
  readonly stratifiedGrouped: number[] | null
  readonly groupedUnshuffled: number[]
}

const shuffled = JSON.parse(readFileSync(new URL('../golden/folds/shuffled.json', import.meta.url), 'utf8')) as {
  cases: ShuffledCase[]
}

describe('shuffled folds', () => {
  it('equal those of scikit-learn 1.9 with shuffle and random_state, the KFold(7, seed 777) of Open Cities among them', () => {
    for (const { folds, seed, plain, stratified, grouped, stratifiedGrouped, ...rest } of shuffled.cases) {
      const [labels, groups] = [Int32Array.from(rest.labels), Int32Array.from(rest.groups)]
      const random = () => newMt19937(seed)
      expect([...shuffledPlainFolds(labels.length, folds, random())]).toEqual(plain)
      expect([...shuffledGroupedFolds(groups, folds, random())]).toEqual(grouped)
      if (stratified) expect([...shuffledStratifiedFolds(labels, folds, random())]).toEqual(stratified)
      if (stratifiedGrouped) {
        expect([...shuffledStratifiedGroupedFolds(labels, groups, folds, random())]).toEqual(stratifiedGrouped)
      }
    }
    expect(shuffled.cases[0]).toMatchObject({ folds: 7, seed: 777 })
    expect(shuffled.cases.filter(({ stratifiedGrouped }) => stratifiedGrouped).length).toBeGreaterThan(10)
  })

  it('leave groups of equal size in the order of scikit-learn 1.9 without shuffling', () => {
    for (const { folds, groups, groupedUnshuffled } of shuffled.cases) {
      expect([...groupedFolds(Int32Array.from(groups), folds)]).toEqual(groupedUnshuffled)
    }
  })
})

describe('folds', () => {
  it('equal KFold, StratifiedKFold, GroupKFold and StratifiedGroupKFold of scikit-learn', () => {
    for (const { folds, plain, stratified, grouped, stratifiedGrouped, ...rest } of cases) {
      const [labels, groups] = [Int32Array.from(rest.labels), Int32Array.from(rest.groups)]
      if (plain) expect([...plainFolds(labels.length, folds)]).toEqual(plain)
      if (stratified) expect([...stratifiedFolds(labels, folds)]).toEqual(stratified)
      if (grouped) expect([...groupedFolds(groups, folds)]).toEqual(grouped)
      if (stratifiedGrouped) expect([...stratifiedGroupedFolds(labels, groups, folds)]).toEqual(stratifiedGrouped)
    }
    expect(cases.filter(({ grouped }) => grouped).length).toBeGreaterThan(10)
  })

  it('share out every label to within one item', () => {
    assert(
      property(
        array(integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }),
        integer({ min: 2, max: 6 }),
        (labels, folds) => {
          const foldOf = stratifiedFolds(Int32Array.from(labels), folds)
          for (const label of new Set(labels)) {
            const shares = Array.from(
              { length: folds },
              (_, fold) => labels.filter((one, i) => one === label && foldOf[i] === fold).length,
            )
            expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
          }
        },
      ),
    )
  })

  it('never divide a group', () => {
    const groups = array(integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 40 })
    assert(
      property(groups, integer({ min: 2, max: 4 }), (list, folds) => {
        const labels = Int32Array.from(list, (_, i) => i % 2)
        for (const foldOf of [
          groupedFolds(Int32Array.from(list), folds),
          stratifiedGroupedFolds(
            labels.map(l => (labels.length > 1 ? l : 0)),
            Int32Array.from(list),
            folds,
          ),
        ]) {
          const seen = new Map<number, number>()
          list.forEach((group, i) => {
            expect(seen.get(group) ?? foldOf[i]).toBe(foldOf[i])
            seen.set(group, foldOf[i]!)
          })
        }
      }),
    )
  })
})
