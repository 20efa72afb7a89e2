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
    const mapBytes = expected.peakTransientBytes / 4
    const rebuilds: number[] = []
    for (const maps of [4, 3, 2, 1, 0]) {
      const room = createRoom(maps * mapBytes)
      const host = fakeHost(() => group, ['tree'], room)
      const result = await evaluateUnit(group, unitOf(['tree']), host)
      expect(result.exports).toEqual(expected.exports)
      expect(host.blobs).toEqual(roomy.blobs)
      expect(host.alive()).toBe(0)
      expect(room.isOver()).toBe(false)
      expect(result.peakTransientBytes).toBeLessThanOrEqual(Math.max(2, maps + 1) * mapBytes)
      rebuilds.push(again(host.ran).length)
    }
    // Each map less costs one task more, and what a reader holds stays even without room.
    expect(rebuilds).toEqual([0, 1, 2, 3, 4])
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
      fc.asyncProperty(graph, fc.nat(200), async (group, bytes) => {
        const roomy = fakeHost(() => group, ['tree'])
        const expected = await evaluateUnit(group, unitOf(['tree']), roomy)
        const room = createRoom(bytes)
        const tight = fakeHost(() => group, ['tree'], room)
        const result = await evaluateUnit(group, unitOf(['tree']), tight)
        expect(result.exports).toEqual(expected.exports)
        expect(tight.blobs).toEqual(roomy.blobs)
        expect(tight.alive()).toBe(0)
        expect(room.isOver()).toBe(false)
      }),
      { numRuns: 60 },
    )
  })
})
