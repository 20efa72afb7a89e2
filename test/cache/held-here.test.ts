import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLeases } from '../../cache/leases.ts'
import { openStore } from '../../cache/open.ts'
import type { LeaseName, Leases } from '../../engine/contract/lease.ts'
import type { Store } from '../../engine/contract/store.ts'

let folder: string
let store: Store
const opened: Leases[] = []
const name = (item: string): LeaseName => ({ segment: 'a'.repeat(64), item })

function open(): Leases {
  const leases = openLeases(folder, { heartbeat: false })
  opened.push(leases)
  return leases
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-leases-'))
  store = openStore(folder)
})

afterEach(() => {
  for (const leases of opened.splice(0)) leases.close()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('two runs of one process', () => {
  it('do not get each other’s leases', () => {
    const [one, two] = [open(), open()]
    expect(one.take([[name('x')]])).toEqual({ holders: [undefined], shared: true })
    expect(two.take([[name('x')], [name('y')]]).holders).toEqual([
      expect.objectContaining({ processId: process.pid }),
      undefined,
    ])
    expect(one.take([[name('x')]]).holders).toEqual([undefined])
  })

  it('get them when they are given back', () => {
    const [one, two] = [open(), open()]
    one.take([[name('x')]])
    one.release([name('x')])
    // Given back with the next transaction of its own.
    one.take([[name('other')]])
    expect(two.take([[name('x')]]).holders).toEqual([undefined])
  })

  it('keep theirs when the other one ends', () => {
    const [one, two, three] = [open(), open(), open()]
    one.take([[name('x')]])
    two.take([[name('y')]])
    opened.splice(opened.indexOf(one), 1)
    one.close()
    expect(three.take([[name('x')], [name('y')]]).holders).toEqual([undefined, expect.anything()])
  })

  it('know that they are alone when they are', () => {
    expect(open().take([[name('x')]]).shared).toBe(false)
  })
})
