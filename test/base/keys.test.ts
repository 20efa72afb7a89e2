import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import {
  collectionKey,
  type KeyInputs,
  type Recipe,
  recipeDigest,
  recipeJson,
  scatteredKey,
  taskKey,
} from '../../engine/base/keys.ts'

const recipe: Recipe = {
  node: 'boxes/nms',
  version: 3,
  params: { score: 0.05, iou: 0.5, max: 120, rule: 'greedy', class_agnostic: false, sizes: [1e-7, 10, -0], none: null },
  inputTypes: [['boxes', [{ classes: [{ id: '/m/014j1m', name: 'Apfel “ä” 🍎' }] }]]],
  runtimes: [['onnxruntime', 'onnxruntime-node@1.30.0/cpu/all']],
}

const boxes = 'b'.repeat(64)
const features = 'f'.repeat(64)
const inputs: KeyInputs = [
  ['boxes', [boxes, features]],
  ['features', [features]],
]

// Also computed with Python's hashlib from the text below. A change of these makes every cache cold. Change them only with the tags of the records, and say so in the changelog.
describe('golden keys', () => {
  it('of a recipe', () => {
    expect(recipeJson(recipe)).toBe(
      '["maskloom.recipe.1","boxes/nms",3,{"class_agnostic":false,"iou":0.5,"max":120,"none":null,"rule":"greedy","score":0.05,"sizes":[1e-7,10,0]},[["boxes",[{"classes":[{"id":"/m/014j1m","name":"Apfel “ä” 🍎"}]}]]],[["onnxruntime","onnxruntime-node@1.30.0/cpu/all"]]]',
    )
    expect(recipeDigest(recipeJson(recipe))).toBe('6cccb06f73ac1230175d7ba5de5c3b718dbd77705fcedd01f50b3f82262dcf4c')
  })

  it('of a task, with and without the id of its item', () => {
    const digest = recipeDigest(recipeJson(recipe))
    expect(taskKey(digest, inputs, undefined)).toBe('56d6ccb89e413b70a7a4668e0541f37c54deb78572445afc9226000902e99c84')
    expect(taskKey(digest, inputs, 'folder/image “1”')).toBe(
      'b71013b85e8c95e8c075ebd9ec7e151cf08f70fa89e205b969edbca6fc2328fd',
    )
  })

  it('of a column of tasks and of one yielded item', () => {
    const digest = recipeDigest(recipeJson(recipe))
    expect(collectionKey(digest, inputs, 'exact')).toBe(
      '9f6ac763500ed69218b538c8d3d60aeb8c711c99088685e0d6597483f40306c0',
    )
    expect(scatteredKey(digest, 'a/b')).toBe('3b1949a3c21bdae4ccdf3e1009d823f852146f3920e5a61a53db6c859b8d498d')
  })
})

const changes: readonly (readonly [string, Partial<Recipe>])[] = [
  ['the node', { node: 'boxes/soft-nms' }],
  ['its version', { version: 4 }],
  ['a parameter', { params: { ...(recipe.params as object), iou: 0.6 } }],
  ['the type of a parameter', { params: { ...(recipe.params as object), max: '120' } }],
  ['a parameter more', { params: { ...(recipe.params as object), more: null } }],
  ['a static type of an input', { inputTypes: [] }],
  ['a runtime', { runtimes: [['onnxruntime', 'onnxruntime-node@1.30.0/cuda/all']] }],
]

describe('a recipe', () => {
  it.each(changes)('changes with %s', (_what, change) => {
    expect(recipeJson({ ...recipe, ...change })).not.toBe(recipeJson(recipe))
  })

  it('does not depend on the order of parameters', () => {
    const entries = Object.entries(recipe.params as { [name: string]: Json })
    const permuted = fc.shuffledSubarray(entries, { minLength: entries.length })
    fc.assert(
      fc.property(permuted, order => {
        expect(recipeJson({ ...recipe, params: Object.fromEntries(order) })).toBe(recipeJson(recipe))
      }),
    )
  })
})

describe('a key', () => {
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/)
  const port = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  const ports: fc.Arbitrary<KeyInputs> = fc.array(fc.tuple(port, fc.array(digest, { maxLength: 3 })), { maxLength: 3 })
  const key = fc.record({ recipe: digest, ports, item: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }) })

  it('is equal for equal records and differs for different ones', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const equal = JSON.stringify(a) === JSON.stringify(b)
        expect(taskKey(a.recipe, a.ports, a.item) === taskKey(b.recipe, b.ports, b.item)).toBe(equal)
        expect(taskKey(a.recipe, structuredClone(a.ports), a.item)).toBe(taskKey(a.recipe, a.ports, a.item))
      }),
    )
  })

  it('of one kind of record is never that of another', () => {
    fc.assert(
      fc.property(key, ({ recipe: one, ports: list, item = '' }) => {
        const keys = [taskKey(one, list, item), taskKey(one, list, undefined), collectionKey(one, list, item)]
        expect(new Set([...keys, scatteredKey(one, item)]).size).toBe(4)
      }),
    )
  })

  it('tells where a digest stands: of which port, and at which place', () => {
    const a = 'a'.repeat(64)
    const keys = [
      taskKey(a, [['boxes', [boxes, features]]], undefined),
      taskKey(a, [['boxes', [features, boxes]]], undefined),
      taskKey(
        a,
        [
          ['boxes', [boxes]],
          ['features', [features]],
        ],
        undefined,
      ),
      taskKey(a, [['boxes', [boxes, features, features]]], undefined),
      taskKey(a, [['boxe', [boxes, features]]], undefined),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })
})
