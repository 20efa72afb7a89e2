import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoom } from '../../engine/run/room.ts'
import { evaluateUnit } from '../../engine/run/unit.ts'
import { fakeHost, type TaskText, unitGroup, unitOf } from '../helpers/fake-host.ts'

/** Models look, a fold pools their outlines, a second look needs each map again: the shape of a three-stage ensemble. */
function staged(models: number) {
  const names = Array.from({ length: models }, (_, i) => `${i}`)
  const texts: TaskText[] = [
    ...names.map(name => ({ name: `scan${name}`, out: ['~map', 'outline'], reads: ['external0'] })),
    { name: 'pooled', out: ['out'], reads: names.map(name => `scan${name}.outline`) },
    ...names.map(name => ({ name: `read${name}`, out: ['out'], reads: [`scan${name}.map`, 'pooled.out'] })),
    { name: 'merged', out: ['out'], reads: names.map(name => `read${name}.out`) },
  ]
  return unitGroup(texts, ['merged.out'], 1)
}

const again = (ran: readonly string[]) => ran.filter(line => line.endsWith(' again'))

describe('transient values that do not fit together', () => {
  it('are dropped, those needed last first, and made again: the results are the same', async () => {
    const group = staged(4)
    const roomy = fakeHost(() => group, ['tree'])
    const expected = await evaluateUnit(group, unitOf(['tree']), roomy)
    const mapBytes = expected.memory.peakTransientBytes / 4
    const rebuilds: number[] = []
    for (const maps of [4, 3, 2, 1, 0]) {
      const room = createRoom(maps * mapBytes)
      const host = fakeHost(() => group, ['tree'], room)
      const result = await evaluateUnit(group, unitOf(['tree']), host)
      expect(result.exports).toEqual(expected.exports)
      expect(host.blobs).toEqual(roomy.blobs)
      expect(host.alive()).toBe(0)
      expect(room.isOver()).toBe(false)
      expect(result.memory.peakTransientBytes).toBeLessThanOrEqual(Math.max(2, maps + 1) * mapBytes)
      rebuilds.push(again(host.ran).length)
    }
    // Each map less costs one task more, and what a reader holds stays even without room.
    expect(rebuilds).toEqual([0, 1, 2, 3, 4])
  })

  it('wait in files where that is cheaper than making them again', async () => {
    const group = staged(4)
    const roomy = fakeHost(() => group, ['tree'])
    const expected = await evaluateUnit(group, unitOf(['tree']), roomy)
    const mapBytes = expected.memory.peakTransientBytes / 4
    expect(expected.memory).toMatchObject({ spilled: 0, dropped: 0 })
    for (const maps of [4, 3, 2, 1, 0]) {
      const host = fakeHost(() => group, ['tree'], createRoom(maps * mapBytes))
      host.disk.spillMs = 10
      for (const name of ['scan0', 'scan1', 'scan2', 'scan3']) host.costsMs.set(name, 11)
      const { exports, memory } = await evaluateUnit(group, unitOf(['tree']), host)
      expect(exports).toEqual(expected.exports)
      expect(host.blobs).toEqual(roomy.blobs)
      expect(again(host.ran)).toEqual([])
      // Written once, however often it has to leave.
      expect(host.disk.written).toHaveLength(4 - maps)
      expect(memory).toMatchObject({ spilled: 4 - maps, spilledBytes: (4 - maps) * mapBytes, dropped: 0 })
      // One more than there is room for: the newest, before another one has left.
      expect(host.peakBytes()).toBeLessThanOrEqual((maps + 1) * mapBytes)
      expect([host.alive(), host.disk.open]).toEqual([0, 0])
    }
  })

  it('are chosen one by one: files for what is dear, work for what is cheap', async () => {
    const group = staged(4)
    const host = fakeHost(() => group, ['tree'], createRoom(0))
    host.disk.spillMs = 10
    host.costsMs.set('scan1', 50).set('scan3', 50)
    const { memory } = await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.disk.written.sort()).toEqual(['scan1', 'scan3'])
    expect(again(host.ran)).toEqual(['scan0:map again', 'scan2:map again'])
    expect(memory).toMatchObject({ spilled: 2, dropped: 2 })
  })

  it('cost what the values they are made from cost as well, unless those are at hand', async () => {
    const chain: TaskText[] = [
      { name: 'deep', out: ['~map'], reads: ['external0'] },
      { name: 'wide', out: ['~map', 'out'], reads: ['deep.map'] },
      { name: 'other', out: ['~map', 'out'], reads: ['external0', 'wide.out'] },
      { name: 'uses', out: ['out'], reads: ['other.map', 'other.out'] },
      { name: 'last', out: ['out'], reads: ['wide.map', 'uses.out'] },
    ]
    const group = unitGroup(chain, ['last.out'], 1)
    const host = fakeHost(() => group, ['tree'], createRoom(0))
    host.disk.spillMs = 10
    // Alone `wide` would be quicker made again; `deep` has left by then, and would have to be made for it.
    host.costsMs.set('deep', 9).set('wide', 2)
    await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.disk.written).toEqual(['wide'])
    expect(again(host.ran)).toEqual(['other:map again'])
  })

  it('are made again when the disk does not take them, or does not give them back', async () => {
    const group = staged(3)
    const expected = await evaluateUnit(
      group,
      unitOf(['tree']),
      fakeHost(() => group, ['tree']),
    )
    for (const fault of [{ takes: false }, { givesBack: false }]) {
      const host = fakeHost(() => group, ['tree'], createRoom(0))
      Object.assign(host.disk, { spillMs: 0 }, fault)
      const { exports, failures } = await evaluateUnit(group, unitOf(['tree']), host)
      expect({ exports, failures }).toEqual({ exports: expected.exports, failures: [] })
      expect(again(host.ran)).toEqual(['scan0:map again', 'scan1:map again', 'scan2:map again'])
      expect([host.alive(), host.disk.open]).toEqual([0, 0])
    }
  })

  it('stay while a task reads several of them at once', async () => {
    const group = unitGroup(
      [
        { name: 'a', out: ['~map'], reads: ['external0'] },
        { name: 'b', out: ['~map'], reads: ['external0'] },
        { name: 'both', out: ['out'], reads: ['a.map', 'b.map'] },
      ],
      ['both.out'],
      1,
    )
    const host = fakeHost(() => group, ['tree'], createRoom(0))
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(result.failures).toEqual([])
    expect(host.ran).toEqual(['a:map', 'b:map', 'both:out'])
    expect(host.alive()).toBe(0)
  })

  it('make room for other units of the worker', async () => {
    const group = staged(2)
    const room = createRoom(1000)
    room.take(990)
    const host = fakeHost(() => group, ['tree'], room)
    await evaluateUnit(group, unitOf(['tree']), host)
    expect(again(host.ran)).toEqual(['scan0:map again', 'scan1:map again'])
    room.free(990)
    expect(host.alive()).toBe(0)
  })

  it('never change what comes out, whatever the graph and the room', async () => {
    const graph = fc
      .array(fc.record({ map: fc.boolean(), reads: fc.array(fc.nat(50), { maxLength: 3 }) }), {
        minLength: 1,
        maxLength: 9,
      })
      .map(tasks => {
        const port = (task: number) => (tasks[task]!.map ? 'map' : 'out')
        const texts = tasks.map(({ map, reads }, i) => ({
          name: `t${i}`,
          out: map ? ['~map'] : ['out'],
          reads: i === 0 ? ['external0'] : reads.map(one => `t${one % i}.${port(one % i)}`),
        }))
        const names = texts.map((_, i) => `t${i}.${port(i)}`)
        const last = { name: 'last', out: ['out'], reads: names }
        return unitGroup([...texts, last], ['last.out'], 1)
      })
    await fc.assert(
      fc.asyncProperty(graph, fc.nat(200), fc.constantFrom(0, 1.5, 99), async (group, bytes, spillMs) => {
        const roomy = fakeHost(() => group, ['tree'])
        const expected = await evaluateUnit(group, unitOf(['tree']), roomy)
        const room = createRoom(bytes)
        const tight = fakeHost(() => group, ['tree'], room)
        tight.disk.spillMs = spillMs
        const result = await evaluateUnit(group, unitOf(['tree']), tight)
        expect(result.exports).toEqual(expected.exports)
        expect(tight.blobs).toEqual(roomy.blobs)
        expect([tight.alive(), tight.disk.open]).toEqual([0, 0])
        expect(room.isOver()).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})
