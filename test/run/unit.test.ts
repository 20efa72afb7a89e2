import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { knownExports, resolveUnit } from '../../engine/run/resolve.ts'
import { evaluateUnit } from '../../engine/run/unit.ts'
import { fakeHost, type TaskText, unitGroup, unitOf } from '../helpers/fake-host.ts'

/** Two models that look, a fold of their outlines, and a second look that needs the maps and the fold. */
const staged = (change: { readonly [task: string]: string } = {}) =>
  unitGroup(
    [
      { name: 'scanA', out: ['~map', 'outline'], reads: ['external0'] },
      { name: 'scanB', out: ['~map', 'outline'], reads: ['external0'] },
      { name: 'pooled', out: ['out'], reads: ['scanA.outline', 'scanB.outline'] },
      { name: 'readA', out: ['out'], reads: ['scanA.map', 'pooled.out'] },
      { name: 'readB', out: ['out'], reads: ['scanB.map', 'pooled.out'] },
      { name: 'merged', out: ['out'], reads: ['readA.out', 'readB.out'] },
    ].map(text => ({ ...text, recipe: change[text.name] ?? text.name })),
    ['merged.out'],
    1,
  )

describe('evaluateUnit', () => {
  it('runs every task once, maps and outlines together, and ends with its exports known', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.ran).toEqual([
      'scanA:map+outline',
      'scanB:map+outline',
      'pooled:out',
      'readA:out',
      'readB:out',
      'merged:out',
    ])
    expect(result).toMatchObject({ hits: [], failures: [], skipped: [], lost: undefined })
    expect(result.exports).toEqual([{ state: 'known', digest: [...host.blobs.keys()].at(-1) }])
    expect(host.alive()).toBe(0)
  })

  it('finds everything the second time without a value being read', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    const first = await evaluateUnit(group, unitOf(['tree']), host)
    host.ran.length = 0
    host.blobs.clear()
    host.lostExternals.add(0)
    const second = await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.ran).toEqual([])
    expect(second.exports).toEqual(first.exports)
    expect(second.hits).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('makes only maps again when the fold comes out different', async () => {
    const host = fakeHost(() => staged({ pooled: 'new' }), ['tree'])
    await evaluateUnit(staged({ pooled: 'new' }), unitOf(['tree']), host)
    const changed = staged({ pooled: 'newer' })
    host.ran.length = 0
    const again = fakeHost(() => changed, ['tree'])
    for (const [key, row] of host.rows) again.rows.set(key, row)
    for (const [digest, text] of host.blobs) again.blobs.set(digest, text)
    const result = await evaluateUnit(changed, unitOf(['tree']), again)
    expect(again.ran).toEqual([
      'pooled:out',
      'scanA:map again',
      'readA:out',
      'scanB:map again',
      'readB:out',
      'merged:out',
    ])
    expect(result.hits).toEqual([])
    expect(again.alive()).toBe(0)
  })

  it('stops at a value that comes out as before', async () => {
    let group = staged()
    const host = fakeHost(() => group, ['tree'])
    host.constant.add('pooled')
    await evaluateUnit(group, unitOf(['tree']), host)
    host.ran.length = 0
    group = staged({ pooled: 'new' })
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.ran).toEqual(['pooled:out'])
    expect(result.hits).toEqual([0, 1, 3, 4, 5])
  })

  it('makes an intermediate value again when its bytes are gone and somebody new needs it', async () => {
    let group = staged()
    const host = fakeHost(() => group, ['tree'])
    await evaluateUnit(group, unitOf(['tree']), host)
    const readA = [...host.blobs].find(([, text]) => text.startsWith('readA'))![0]
    host.blobs.delete(readA)
    host.ran.length = 0
    group = staged({ merged: 'new' })
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(host.ran).toEqual(['scanA:map again', 'readA:out again', 'merged:out'])
    expect(result.hits).toEqual([1, 2, 4])
    expect(host.blobs.has(readA)).toBe(true)
  })

  it('makes the bytes of a known export again when they are asked for', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    await evaluateUnit(group, unitOf(['tree']), host)
    const merged = [...host.blobs].find(([, text]) => text.startsWith('merged'))![0]
    host.blobs.delete(merged)
    host.ran.length = 0
    await evaluateUnit(group, unitOf(['tree'], { wantValues: [0] }), host)
    expect(host.ran).toEqual(['merged:out again'])
    expect(host.blobs.has(merged)).toBe(true)
  })

  it('reports a lost input of the unit instead of a result, and can be run again', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    host.lostExternals.add(0)
    const lost = await evaluateUnit(group, unitOf(['tree']), host)
    expect(lost).toMatchObject({ exports: [], lost: { external: 0, item: undefined } })
    host.lostExternals.clear()
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(result.lost).toBeUndefined()
    expect(host.alive()).toBe(0)
  })

  it('blames the task that failed, skips the others, and releases what was made', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    host.failing.add('readA')
    const result = await evaluateUnit(group, unitOf(['tree']), host)
    expect(result.failures).toEqual([{ task: 3, problem: { code: 'node-error', message: 'readA failed' } }])
    expect(result.exports).toEqual([{ state: 'failed', task: 5 }])
    expect([...result.skipped].sort()).toEqual([4, 5])
    expect(host.alive()).toBe(0)
  })

  it('runs a forced task although it is known, and what depends on it stays known', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    await evaluateUnit(group, unitOf(['tree']), host)
    host.ran.length = 0
    const result = await evaluateUnit(group, unitOf(['tree'], { forced: [2] }), host)
    expect(host.ran).toEqual(['pooled:out again'])
    expect(result.hits).toEqual([0, 1, 3, 4, 5])
  })

  it('keeps the digests of the row when a forced task makes something else', async () => {
    const group = unitGroup([{ name: 'one', out: ['out'] }], ['one.out'])
    const host = fakeHost(() => group)
    await evaluateUnit(group, unitOf(), host)
    const [key] = [...host.rows.keys()] as [string]
    host.rows.set(key, { out: sha256('what it was') })
    const result = await evaluateUnit(group, unitOf([], { forced: [0] }), host)
    expect(result.exports).toEqual([{ state: 'known', digest: sha256('what it was') }])
  })

  it('makes the export that rests on most tasks last', async () => {
    const group = unitGroup(
      [
        { name: 'scan', out: ['~map', 'outline'] },
        { name: 'big1', out: ['out'], reads: ['scan.map'] },
        { name: 'big2', out: ['out'], reads: ['big1.out', 'scan.map'] },
        { name: 'small', out: ['out'], reads: ['scan.map'] },
      ],
      ['big2.out', 'small.out'],
    )
    const host = fakeHost(() => group)
    const result = await evaluateUnit(group, unitOf(), host)
    expect(host.ran.map(line => line.split(':')[0])).toEqual(['scan', 'small', 'big1', 'big2'])
    const textOf = (i: number) => {
      const one = result.exports[i]
      return one?.state === 'known' ? host.blobs.get(one.digest) : undefined
    }
    expect(textOf(0)).toMatch(/^big2/)
    expect(textOf(1)).toMatch(/^small/)
  })

  it('lets go of a map as soon as nobody in the unit will ask for it', async () => {
    const group = staged()
    const host = fakeHost(() => group, ['tree'])
    const alive: number[] = []
    const execute = host.execute
    const watched = {
      ...host,
      execute: async (run: Parameters<typeof execute>[0]) => {
        const made = await execute(run)
        alive.push(host.alive())
        return made
      },
    }
    await evaluateUnit(group, unitOf(['tree']), watched)
    expect(alive).toEqual([1, 2, 2, 2, 1, 0])
  })
})

/** Random graphs, some values lost in between: whatever happens, the result is that of a plain recursion. */
describe('evaluateUnit on random graphs', () => {
  const graphs = fc
    .array(
      fc.record({
        stored: fc.boolean(),
        transient: fc.boolean(),
        never: fc.boolean(),
        reads: fc.array(fc.record({ task: fc.nat(20), port: fc.nat(3) }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map(shapes => {
      const texts: TaskText[] = []
      const ports: string[][] = []
      for (const [i, shape] of shapes.entries()) {
        const out = [
          ...(shape.stored ? ['out'] : []),
          ...(shape.transient ? ['~map'] : []),
          ...(shape.never ? ['?row'] : []),
        ]
        if (out.length === 0) out.push('out')
        const reads =
          i === 0
            ? ['external0']
            : shape.reads.map(({ task, port }) => {
                const from = task % i
                return `t${from}.${ports[from]![port % ports[from]!.length]}`
              })
        ports.push(out.map(port => port.replace(/^[~?]/, '')))
        texts.push({ name: `t${i}`, out, reads })
      }
      const exported = texts.flatMap(text =>
        text.out.filter(port => !port.startsWith('~')).map(port => `${text.name}.${port.replace('?', '')}`),
      )
      return { texts, exported }
    })
    .filter(({ exported }) => exported.length > 0)

  function plainly(texts: readonly TaskText[], source: string): string {
    if (source === 'external0') return 'tree'
    const [name, port] = source.split('.') as [string, string]
    const text = texts.find(one => one.name === name)!
    const recipe = sha256(text.recipe ?? text.name).slice(0, 4)
    return `${name}.${port}@${recipe}(${(text.reads ?? []).map(one => plainly(texts, one)).join(',')})`
  }

  it('gives what a plain recursion gives, cold, warm, changed and with holes in the store', async () => {
    await fc.assert(fc.asyncProperty(graphs, fc.nat(7), fc.infiniteStream(fc.boolean()), compareWithRecursion), {
      numRuns: 300,
    })
  })

  async function compareWithRecursion(
    { texts, exported }: { readonly texts: readonly TaskText[]; readonly exported: readonly string[] },
    changed: number,
    holes: Iterator<boolean>,
  ): Promise<void> {
    let current = texts
    let group = unitGroup(current, exported, 1)
    const host = fakeHost(() => group, ['tree'])
    const makeHoles = () => {
      for (const digest of [...host.blobs.keys()]) if (holes.next().value) host.blobs.delete(digest)
    }
    const check = async (wantValues: readonly number[] = []) => {
      const before = host.ran.length
      const result = await evaluateUnit(group, unitOf(['tree'], { wantValues }), host)
      const digests = exported.map(source => sha256(plainly(current, source)))
      expect(result.exports).toEqual(digests.map(digest => ({ state: 'known', digest })))
      expect(host.alive()).toBe(0)
      const ran = new Set(host.ran.slice(before).map(line => line.split(':')[0]))
      const hits = result.hits.map(task => group.tasks[task]!.address)
      expect([...ran, ...hits].sort()).toEqual(group.tasks.map(task => task.address).sort())
      expect(result.skipped).toEqual([])
      // The look-up in the run itself, without a worker, agrees. It cannot know tasks that nobody ever needed.
      const standings = resolveUnit(group, [sha256('tree')], undefined, () => undefined, host.lookup, true)
      const needless = group.tasks.some(task => task.outputs.every(({ persist }) => persist === 'transient'))
      if (!needless) expect(knownExports(group, standings ?? [])).toEqual(digests)
    }
    await check()
    const coldRuns = host.ran.length
    await check()
    makeHoles()
    await check()
    expect(host.ran.length).toBe(coldRuns)
    current = texts.map((text, i) => (i === changed % texts.length ? { ...text, recipe: 'other' } : text))
    group = unitGroup(current, exported, 1)
    await check()
    makeHoles()
    await check(exported.map((_, i) => i))
  }
})
