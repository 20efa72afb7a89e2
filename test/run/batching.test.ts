import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { batchProblems } from '../../engine/testing/batch-rule.ts'
import { registry } from '../../nodes/index.ts'
import { heavyRegistry } from '../helpers/fake-registry.ts'
import { createRig, imbalance, type Rig } from '../helpers/rig.ts'
import { testRun } from '../helpers/run-context.ts'

let rig: Rig | undefined
afterEach(() => rig?.close())

const looking = `maskloom: 1
name: looking
params: { bad: { type: string, default: "-" }, log: { type: string, default: sizes } }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  look: { uses: fake/look, with: { bad: "\${params.bad}", log: "\${params.log}" }, in: { texts: texts.texts } }
outputs:
  seen: look.text
`
const texts = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`n${i}`, `word${i}`]))

function open(): {
  readonly rig: Rig
  readonly sizes: (name: string) => readonly number[]
  log: (name: string) => string
} {
  const opened = createRig(looking, texts, heavyRegistry)
  rig = opened
  const path = (name: string) => join(opened.folder, name)
  return {
    rig: opened,
    log: name => `log=${path(name)}`,
    sizes: name => readFileSync(path(name), 'utf8').trim().split('\n').map(Number),
  }
}

describe('items of a node that takes several at once', () => {
  it('are run in batches and stored one by one, with keys and results that do not depend on it', async () => {
    const { rig, log, sizes } = open()
    const batched = await rig.run({ batchSize: 4, set: [log('batched')], cache: 'a', out: 'out-a' })
    const single = await rig.run({ batchSize: 1, set: [log('single')], cache: 'b', out: 'out-b' })
    expect(batched.finished).toMatchObject({ status: 'done', inferences: 13 })
    expect(batched.outputs).toEqual(single.outputs)
    expect(batched.finished.tasks).toEqual(single.finished.tasks)
    expect(Math.max(...sizes('batched'))).toBeGreaterThan(1)
    expect(Math.max(...sizes('batched'))).toBeLessThanOrEqual(4)
    expect(sizes('batched').reduce((sum, size) => sum + size)).toBe(13)
    const again = await rig.run({ batchSize: 1, set: [log('again')], cache: 'a', out: 'out-a' })
    expect(again.finished.tasks.done).toBe(0)
    expect(imbalance(batched)).toEqual({})
  })

  it('are looked up before: only what is not known is in a batch', async () => {
    const { rig, log, sizes } = open()
    await rig.run({ batchSize: 4, set: [log('first')] })
    rig.write('texts/n3.txt', 'another')
    rig.write('texts/n7.txt', 'a third')
    await rig.run({ batchSize: 4, set: [log('second')] })
    expect(sizes('second').reduce((sum, size) => sum + size)).toBe(2)
  })

  it('fail one by one: what was in a batch with a bad item is there all the same', async () => {
    const { rig, log } = open()
    const run = await rig.run({ batchSize: 4, keepGoing: true, set: [log('sizes'), 'bad=word5'] })
    const failed = run.events.flatMap(event =>
      event.type === 'task.failed' ? [[event.item, event.problem.message]] : [],
    )
    expect(failed).toEqual([['n5', 'saw word5']])
    expect(run.finished.tasks).toMatchObject({ failed: 1, done: 13 + 12 })
    expect(imbalance(run)).toEqual({})
  })
})

describe('the declaration of bit-stability', () => {
  const items = ['a', 'b', 'c', 'd'].map(texts => ({ texts }))
  const look = heavyRegistry.nodes.get('fake/look')!
  const context = () => testRun({ wanted: ['text'] }).context

  it('holds for a node whose batches give what single items give', async () => {
    expect(await batchProblems(look, heavyRegistry, items, { bad: '-' }, context)).toEqual([])
  })

  it('is found out where it does not hold', async () => {
    const drifting = {
      ...look,
      runBatch: async (inputs: readonly { texts: string }[]) =>
        inputs.map(({ texts }, i) => ({ text: `looked at ${texts}${i === 2 ? '!' : ''}` })),
    } as unknown as NodeDefinition
    expect(await batchProblems(drifting, heavyRegistry, items, { bad: '-' }, context)).toEqual([
      'text of item 2 differs between one and a batch',
    ])
  })

  it('is tested for every shipped node that makes it', () => {
    // test/semantic/infer.test.ts
    const tested = ['semantic/infer']
    const declaring = [...registry.nodes.values()].filter(node => node.batch !== undefined).map(node => node.name)
    expect(declaring).toEqual(tested)
  })
})
