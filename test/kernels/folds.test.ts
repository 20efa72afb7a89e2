import { readFileSync } from 'node:fs'
import { array, assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupedFolds, plainFolds, stratifiedFolds, stratifiedGroupedFolds } from '../../nodes/kernels/folds.ts'

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
