import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectGarbage, defaultBudgetBytes } from '../../cache/collect.ts'
import type { FileSystem } from '../../cache/files.ts'
import { openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { Store } from '../../engine/contract/store.ts'
import { bytesOf, keyOf, LARGE_BYTES, recordOf } from '../contract/store.ts'
import { brokenPromises, faultyFiles, objectsIn } from './faulty-files.ts'

const DAY = 24 * 3600 * 1000

let folder: string
let nowMs: number
const now = (): number => nowMs

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-collect-'))
  nowMs = 1_800_000_000_000
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function withStore(action: (store: Store) => void): void {
  const store = openStore(folder, { now })
  action(store)
  store.close()
}

/** Stores one value for each cost; the seed is the place in the list. */
function fill(costsMs: readonly number[], sizeBytes = 10_000): void {
  withStore(store => store.commit(costsMs.map((cost, seed) => recordOf(seed, bytesOf(seed, sizeBytes), cost))))
}

function present(count: number, sizeBytes = 10_000): number[] {
  const seeds: number[] = []
  withStore(store => {
    for (let seed = 0; seed < count; seed++) {
      expect(store.task(keyOf(seed)), 'rows stay').toBeDefined()
      if (store.read(sha256(bytesOf(seed, sizeBytes))) !== undefined) seeds.push(seed)
    }
  })
  return seeds
}

describe('collection', () => {
  it('drops nothing while the store is within its budget', () => {
    fill([1, 2, 3])
    expect(collectGarbage(folder, { budgetBytes: 30_000, now })).toMatchObject({
      beforeBytes: 30_000,
      afterBytes: 30_000,
      droppedValues: 0,
    })
    expect(present(3)).toEqual([0, 1, 2])
  })

  it('drops what is cheapest to make again, and only as much as needed', () => {
    fill([500, 10, 900, 20, 700, 30])
    expect(collectGarbage(folder, { budgetBytes: 40_000, now })).toMatchObject({
      afterBytes: 30_000,
      droppedValues: 3,
      droppedCostMs: 60,
    })
    expect(present(6)).toEqual([0, 2, 4])
  })

  it('weighs cost by size', () => {
    const sizes = [1_000, 200_000]
    withStore(store =>
      store.commit(sizes.map((size, seed) => recordOf(seed, bytesOf(seed, size), seed === 0 ? 100 : 500))),
    )
    collectGarbage(folder, { budgetBytes: 100_000, now })
    withStore(store => {
      expect(sizes.map((size, seed) => store.has(sha256(bytesOf(seed, size))))).toEqual([true, false])
    })
  })

  it('lets values that are not used grow cheaper', () => {
    fill([100, 300])
    nowMs += 60 * DAY
    withStore(store => store.has(sha256(bytesOf(0, 10_000))))
    collectGarbage(folder, { budgetBytes: 15_000, now })
    expect(present(2)).toEqual([0])
  })

  it('removes the objects of large values and gives the space of small ones back', () => {
    withStore(store => {
      store.commit(
        Array.from({ length: 20 }, (_, seed) => recordOf(seed, bytesOf(seed, seed < 2 ? LARGE_BYTES : 100_000))),
      )
    })
    const before = statSync(join(folder, 'index.db')).size
    collectGarbage(folder, { budgetBytes: 0, now })
    expect(objectsIn(folder)).toEqual([])
    expect(statSync(join(folder, 'index.db')).size).toBeLessThan(before / 4)
  })

  it('keeps what a run that is going on has used, over budget if need be, and says how much', () => {
    fill([1, 2, 3, 4])
    nowMs += 2 * DAY
    const running = openStore(folder, { now })
    running.runs.start({ id: 'r', pipeline: 'p', path: '/p', startedMs: nowMs, paramsJson: '{}' })
    running.has(sha256(bytesOf(0, 10_000)))
    running.commit([recordOf(4, bytesOf(4, 10_000), 0)])
    expect(collectGarbage(folder, { budgetBytes: 0, now })).toMatchObject({
      afterBytes: 20_000,
      protectedBytes: 20_000,
    })
    expect(present(5)).toEqual([0, 4])
    running.runs.finish('r', { finishedMs: nowMs, status: 'done', summaryJson: '{}' })
    running.close()
    expect(collectGarbage(folder, { budgetBytes: 0, now })).toMatchObject({ afterBytes: 0, protectedBytes: 0 })
  })

  it('counts objects without a row, and drops them first', () => {
    fill([50], LARGE_BYTES)
    rmSync(join(folder, 'index.db'))
    withStore(store => store.commit([recordOf(1, bytesOf(1, LARGE_BYTES), 50)]))
    expect(collectGarbage(folder, { budgetBytes: LARGE_BYTES * 1.5, now })).toMatchObject({
      beforeBytes: 2 * LARGE_BYTES,
      afterBytes: LARGE_BYTES,
    })
    withStore(store => expect(store.has(sha256(bytesOf(1, LARGE_BYTES)))).toBe(true))
  })

  it('drops rows that no run has asked for in a long time, but none of recent runs', () => {
    fill([1, 2])
    const run = (id: string): void => {
      withStore(store => {
        store.runs.start({ id, pipeline: 'p', path: '/p', startedMs: nowMs, paramsJson: '{}' })
        store.task(keyOf(1))
        store.runs.finish(id, { finishedMs: nowMs, status: 'done', summaryJson: '{}' })
      })
    }
    run('first')
    nowMs += 200 * DAY
    expect(collectGarbage(folder, { budgetBytes: 1e9, now }).droppedRows).toBe(0)
    for (let i = 0; i < 20; i++) run(`later-${i}`)
    expect(collectGarbage(folder, { budgetBytes: 1e9, now }).droppedRows).toBe(1)
    withStore(store => {
      expect(store.task(keyOf(0))).toBeUndefined()
      expect(store.task(keyOf(1))).toBeDefined()
      expect(store.runs.list(100)).toHaveLength(20)
    })
  })

  it('leaves a store that keeps its promises', () => {
    const costs = Array.from({ length: 40 }, (_, seed) => seed)
    withStore(store =>
      store.commit(costs.map(seed => recordOf(seed, bytesOf(seed, seed % 4 === 0 ? LARGE_BYTES : 1000), seed))),
    )
    collectGarbage(folder, { budgetBytes: 1_000_000, now })
    const survivors = new Map<string, string>()
    withStore(store => {
      for (const seed of costs) {
        const digest = sha256(bytesOf(seed, seed % 4 === 0 ? LARGE_BYTES : 1000))
        if (store.has(digest)) survivors.set(keyOf(seed), digest)
      }
    })
    expect(survivors.size).toBeGreaterThan(0)
    expect(brokenPromises(folder, survivors)).toEqual([])
  })
})

it('takes a quarter of the disk, at most 100 GB, when no budget is set', () => {
  const disk = (blocks: number): FileSystem => ({
    ...faultyFiles(() => {}),
    statfsSync: (() => ({ blocks, bsize: 4096 })) as unknown as FileSystem['statfsSync'],
  })
  expect(defaultBudgetBytes(folder, disk(10_000_000))).toBe(10_240_000_000)
  expect(defaultBudgetBytes(folder, disk(1_000_000_000))).toBe(100e9)
})
