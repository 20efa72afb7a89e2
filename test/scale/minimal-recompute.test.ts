import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createRig } from '../helpers/rig.ts'
import { leastWork, pipelineOf, plainLog, type World } from './recompute-model.ts'

/** The short form; `npm run recompute` makes 50 edits on 200 items. */
const full = process.env['RECOMPUTE'] === 'full'
const items = full ? 200 : 6
const edits = full ? 50 : 17

/** Without digits, unless the version is even. */
function textOf(name: string, version: number): string {
  const letters = (text: string) => text.replace(/\d/g, digit => 'abcdefghij'[Number(digit)]!)
  return `${letters(`${name}v${version}`)} of ${letters(name)} ${version % 2 === 0 ? version : 'odd'}`
}

const world: World = {
  texts: new Map(Array.from({ length: items }, (_, i) => [`t${i}`, textOf(`t${i}`, i)])),
  models: ['a', 'b', 'c'],
  marks: ['x', 'y'],
  suffixes: ['!', '?'],
  separator: '+',
  title: 'all',
  unused: '',
  tail: '.',
  delayMs: 0,
  comment: 'first',
}
const rig = createRig(pipelineOf(world), Object.fromEntries(world.texts))
afterAll(() => rig.close())

const swapped = (values: readonly string[]) => [...values.slice(1), ...values.slice(0, 1)]

/** In turn; the number of the edit makes new what must be new. */
const kinds: readonly (readonly [what: string, edit: (n: number) => void])[] = [
  ['touch an item', n => utimesSync(join(rig.folder, 'texts', `t${n % items}.txt`), n, 1_000_000 + n)],
  ['replace an item', n => put(`t${n % items}`, textOf(`t${n % items}`, 1000 + n))],
  ['add an item', n => put(`new${n}`, textOf(`new${n}`, n))],
  ['add an item with the content of another', n => put(`copy${n}`, world.texts.get('t1')!)],
  ['swap two models', () => Object.assign(world, { models: swapped(world.models) })],
  ['change a parameter of a matrix', n => Object.assign(world, { marks: ['x', `y${n}`] })],
  ['change another', n => Object.assign(world, { suffixes: ['!', `?${n}`] })],
  ['change the separator', n => Object.assign(world, { separator: `+${n}+` })],
  ['change the title', n => Object.assign(world, { title: `all ${n}` })],
  ['change a step whose output stays the same', n => Object.assign(world, { unused: `${n}` })],
  ['change the last step of a chain', n => Object.assign(world, { tail: `.${n}` })],
  ['change what is in no key', n => Object.assign(world, { delayMs: n % 2 })],
  ['edit a comment', n => Object.assign(world, { comment: `edit ${n}` })],
  ['replace a model', n => Object.assign(world, { models: ['a', 'b', `c${n}`] })],
  ['set the model back', () => Object.assign(world, { models: ['a', 'b', 'c'] })],
  [
    'swap two values of two axes',
    () => {
      Object.assign(world, { marks: swapped(world.marks), suffixes: swapped(world.suffixes) })
    },
  ],
  ['nothing', () => {}],
]

function put(name: string, text: string): void {
  world.texts.set(name, text)
  rig.write(`texts/${name}.txt`, text)
}

it(`${edits} edits execute exactly what has a new key, and the makers of transient values it needs`, {
  timeout: full ? 3_600_000 : 300_000,
}, async () => {
  const known = new Set<string>()
  const ran: { [what: string]: number } = {}
  const check = async (what: string) => {
    rig.write('pipeline.yaml', pipelineOf(world))
    const expected = leastWork(world, known)
    const { executed, finished } = await rig.run()
    expect(finished.status, what).toBe('done')
    expect(plainLog(executed), what).toEqual(expected)
    ran[what] = (ran[what] ?? 0) + expected.length
  }
  await check('everything')
  for (let n = 0; n < edits; n++) {
    const [what, edit] = kinds[n % kinds.length]!
    edit(n)
    await check(what)
  }
  if (full) process.stdout.write(`${JSON.stringify(ran, null, 1)}\n`)
  expect(ran['everything']).toBe(items * (1 + 3 + 6 + 12 + 1 + 1) + 2 + 2)
  for (const what of ['touch an item', 'swap two models', 'edit a comment', 'nothing']) expect(ran[what], what).toBe(0)
  expect(ran['change a step whose output stays the same']).toBeGreaterThan(0)
})
