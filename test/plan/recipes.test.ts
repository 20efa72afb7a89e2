import { describe, expect, it } from 'vitest'
import { type CompileOptions, cellAt, graphOf, stepNamed } from '../helpers/compiling.ts'
import { leafAndParent, threeStage } from '../helpers/three-stage-small.ts'

const one = (step: string) => `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  propose: { uses: detect/propose, ${step}, in: { images: images.images } }
outputs: { out: propose.proposals }
`

async function recipe(text: string, options: CompileOptions = {}, address = 'propose'): Promise<string> {
  return cellAt(await graphOf(text, options), address).recipe
}

const plain = await recipe(one('with: { model: ../models/L1, scale: 208 }'))

describe('the recipe of a cell stays the same', () => {
  it.each([
    ['when parameters are written in another order', 'with: { scale: 208, model: ../models/L1 }'],
    ['when a default is written out', 'with: { model: ../models/L1, scale: 208, flip: none }'],
    ['when a parameter changes that is no part of the key', 'with: { model: ../models/L1, scale: 208, threads: 7 }'],
    ['when the same folder is named in another way', 'with: { model: ../pipelines/../models/L1/, scale: 208 }'],
  ])('%s', async (_why, step) => {
    expect(await recipe(one(step))).toBe(plain)
  })

  it('when the step has another name', async () => {
    const renamed = one('with: { model: ../models/L1, scale: 208 }').replaceAll('propose', 'first_look')
    expect(await recipe(renamed.replace('detect/first_look', 'detect/propose'), {}, 'first_look')).toBe(plain)
  })

  it('when the model lies somewhere else with the same files', async () => {
    const files = { 'models/copy/classes.txt': 'apple pear', 'models/copy/backbone.onnx': 'graph of L1' }
    expect(await recipe(one('with: { model: ../models/copy, scale: 208 }'), { files })).toBe(plain)
  })

  it('when a file is added to the model folder that the node does not read', async () => {
    const files = { 'models/L1/readme.md': 'about this model' }
    expect(await recipe(one('with: { model: ../models/L1, scale: 208 }'), { files })).toBe(plain)
  })

  it('inside a matrix, whatever the ids are and in whatever order the values are written', async () => {
    const text = one(
      'matrix: { view: [{ id: second, px: 272 }, { id: first, px: 208 }] }, with: { model: ../models/L1, scale: "${matrix.view.px}" }',
    )
    expect(await recipe(text, {}, 'propose[view=first]')).toBe(plain)
  })

  it('inside a pipeline that is used as a node', async () => {
    const files = {
      'pipelines/inner.yaml': `maskloom: 1
inputs: { images: { kind: image, per: item } }
params: { px: { type: integer } }
steps: { look: { uses: detect/propose, with: { model: ../models/L1, scale: "\${params.px}" }, in: { images: images } } }
outputs: { out: look.proposals }
`,
    }
    const text = `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  inner: { uses: ./inner.yaml, in: { images: images.images }, with: { px: 208 } }
outputs: { out: inner.out }
`
    expect(await recipe(text, { files }, 'inner/look')).toBe(plain)
  })
})

describe('the recipe of a cell changes', () => {
  it.each([
    ['with a parameter', one('with: { model: ../models/L1, scale: 209 }'), {}],
    ['with the type of a parameter', one('with: { model: ../models/L1 }'), {}],
    ['with the model', one('with: { model: ../models/L2, scale: 208 }'), {}],
    [
      'with a file of the model',
      one('with: { model: ../models/L1, scale: 208 }'),
      { files: { 'models/L1/backbone.onnx': 'other graph' } },
    ],
    [
      'with the device, through the runtime',
      one('with: { model: ../models/L1, scale: 208 }'),
      { surroundings: { device: 'cuda:0' } },
    ],
  ])('%s', async (_why, text, options) => {
    expect(await recipe(text, options)).not.toBe(plain)
  })

  it('with the static types of its inputs', async () => {
    const files = { 'pipelines/three-stage.yaml': threeStage }
    const graph = await graphOf(leafAndParent, { files })
    const [leaf, parent] = ['leaf/heads[flip=none,model=L1]', 'parent/heads[flip=none,model=P1]']
    expect(cellAt(graph, leaf).params).toEqual(cellAt(graph, parent).params)
    expect(cellAt(graph, leaf).recipe).not.toBe(cellAt(graph, parent).recipe)
  })
})

describe('recipes of steps downstream', () => {
  it('do not change with the parameters of steps upstream: their inputs do', async () => {
    const files = { 'pipelines/three-stage.yaml': threeStage }
    const before = await graphOf(leafAndParent, { files })
    const after = await graphOf(leafAndParent, { files, params: { iou: 0.6 } })
    const changed = before.steps
      .filter(step => step.cells.some((cell, i) => stepNamed(after, step.id).cells[i]?.recipe !== cell.recipe))
      .map(step => step.id)
    expect(changed).toEqual(['leaf/detections'])
  })

  it('of a fold change with a weight, and not with a weight of one that is written out', async () => {
    const files = { 'pipelines/three-stage.yaml': threeStage }
    const mean = async (weights: object) =>
      recipe(
        leafAndParent,
        { files, params: { weights: weights as { [axis: string]: { [id: string]: number } } } },
        'leaf/mean',
      )
    expect(await mean({ model: { L1: 1 } })).toBe(await mean({}))
    expect(await mean({ model: { L1: 2 } })).not.toBe(await mean({}))
  })
})
