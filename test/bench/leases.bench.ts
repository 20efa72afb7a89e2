import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, bench, describe } from 'vitest'
import { openLeases } from '../../cache/leases.ts'
import { openStore } from '../../cache/open.ts'
import { sha256 } from '../../engine/base/digest.ts'

const folder = mkdtempSync(join(tmpdir(), 'leases-bench-'))
const store = openStore(folder)
const leases = openLeases(folder, { heartbeat: false })
const segment = sha256('segment')
let next = 0

afterAll(() => {
  leases.close()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** 64 units of two names each, taken so many at once, and given back with the next. */
describe('leases of 64 units, taken and given back', () => {
  for (const atOnce of [1, 4, 16, 64]) {
    bench(`${atOnce} at once`, () => {
      for (let done = 0; done < 64; done += atOnce) {
        const sets = Array.from({ length: atOnce }, () => {
          const item = sha256(`${next++}`)
          return [
            { segment, item },
            { segment: item, item },
          ]
        })
        leases.take(sets)
        leases.release(sets.flat())
      }
    })
  }
})
