import { afterEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { heavyRegistry } from '../helpers/fake-registry.ts'
import { createRig, type Rig } from '../helpers/rig.ts'

let rig: Rig
afterEach(() => rig.close())

const viewing = `maskloom: 1
name: viewing
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  view: { uses: fake/view, with: { view_ms: 50 }, in: { texts: texts.texts } }
outputs:
  seen: view.text
`

const texts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`n${i}`, `item ${i}`]))

type Change = Extract<RunEvent, { type: 'unit.started' | 'unit.finished' }>

const changes = (events: readonly RunEvent[]): readonly Change[] =>
  events.flatMap(event =>
    (event.type === 'unit.started' || event.type === 'unit.finished') && event.lane === 'gpu' ? [event] : [],
  )

describe('the gpu lane with two devices', () => {
  it.each([1, 2])('never has more than %i workers busy on one, nor more than two units in a worker', async slots => {
    rig = createRig(viewing, texts, heavyRegistry)
    const { events, finished } = await rig.run({ devices: ['fake:0', 'fake:1'], slots })
    expect(finished.status).toBe('done')
    const inSlot = new Map<string, number>()
    let mostPerDevice = 0
    let mostPerSlot = 0
    for (const { type, slot } of changes(events)) {
      inSlot.set(slot, (inSlot.get(slot) ?? 0) + (type === 'unit.started' ? 1 : -1))
      mostPerSlot = Math.max(mostPerSlot, inSlot.get(slot)!)
      for (const device of ['fake:0/', 'fake:1/']) {
        const busy = [...inSlot].filter(([name, units]) => name.startsWith(device) && units > 0)
        mostPerDevice = Math.max(mostPerDevice, busy.length)
      }
    }
    expect(inSlot.size).toBe(2 * slots)
    expect([...inSlot.values()].every(units => units === 0)).toBe(true)
    expect(mostPerDevice).toBe(slots)
    expect(mostPerSlot).toBe(2)
  })

  it('is busy while there is work', async () => {
    rig = createRig(viewing, texts, heavyRegistry)
    const { events } = await rig.run({ devices: ['fake:0', 'fake:1'] })
    expect(busyShare(changes(events), 2)).toBeGreaterThanOrEqual(0.95)
  })
})

/** Of the time from when every worker has had its first unit until the last unit is begun. */
function busyShare(all: readonly Change[], slots: number): number {
  const inSlot = new Map<string, number>()
  const lastMs = all.findLast(({ type }) => type === 'unit.started')!.atMs
  let firstMs: number | undefined
  let atMs = 0
  let busyMs = 0
  for (const change of all) {
    if (firstMs !== undefined) {
      const busy = [...inSlot.values()].filter(units => units > 0).length
      busyMs += busy * (Math.min(change.atMs, lastMs) - Math.min(atMs, lastMs))
    }
    inSlot.set(change.slot, (inSlot.get(change.slot) ?? 0) + (change.type === 'unit.started' ? 1 : -1))
    if (inSlot.size === slots) firstMs ??= change.atMs
    atMs = change.atMs
  }
  return busyMs / (slots * (lastMs - firstMs!))
}
