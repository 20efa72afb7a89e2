import { describe, expect, it } from 'vitest'
import { cellsOf, compiled, graphOf, sourcesOf, stepNamed } from '../helpers/compiling.ts'

const views = (matrix: string) => `
  images: { uses: images/folder, with: { path: ../data/images } }
  propose:
    uses: detect/propose
    matrix: ${matrix}
    with: { model: "\${matrix.model}", flip: "\${matrix.flip}" }
    in: { images: images.images }`

const twoByTwo = '{ model: [../models/L2, ../models/L1], flip: [none, horizontal] }'

function pipeline(steps: string, out: string): string {
  return `maskloom: 1\nsteps:${steps}\noutputs: { out: ${out} }\n`
}

describe('an input', () => {
  it('is folded over the axes under `over`, in the order of the ids on the axes by name', async () => {
    const graph = await graphOf(
      pipeline(
        `${views(twoByTwo)}
  pooled: { uses: ensemble/proposals, over: [model, flip], in: { proposals: propose.proposals } }`,
        'pooled.proposals',
      ),
    )
    expect(sourcesOf(graph, 'pooled', 'proposals')).toEqual([
      'propose[flip=horizontal,model=L1].proposals',
      'propose[flip=horizontal,model=L2].proposals',
      'propose[flip=none,model=L1].proposals',
      'propose[flip=none,model=L2].proposals',
    ])
  })

  it('is folded in the same order however axes, values and `over` are written', async () => {
    const orders = await Promise.all(
      [
        [twoByTwo, '[model, flip]'],
        ['{ flip: [horizontal, none], model: [../models/L1, ../models/L2] }', '[flip, model]'],
        ['{ flip: [none, horizontal], model: [../models/L2, ../models/L1] }', '[flip, model]'],
      ].map(async ([matrix = '', over]) => {
        const steps = `${views(matrix)}
  pooled: { uses: ensemble/proposals, over: ${over}, in: { proposals: propose.proposals } }`
        const graph = await graphOf(pipeline(steps, 'pooled.proposals'))
        const recipes = stepNamed(graph, 'propose').cells.map(cell => [cell.address, cell.recipe])
        return { recipes, order: sourcesOf(graph, 'pooled', 'proposals') }
      }),
    )
    expect(orders[1]).toEqual(orders[0])
    expect(orders[2]).toEqual(orders[0])
  })

  it('is aligned by coordinates where both steps have the axis, and broadcast where it lacks one', async () => {
    const graph = await graphOf(
      pipeline(
        `${views(twoByTwo)}
  pooled: { uses: ensemble/proposals, matrix: { flip: [horizontal, none] }, over: [model], in: { proposals: propose.proposals } }
  heads: { uses: detect/boxes, matrix: propose, in: { features: propose.features, proposals: pooled.proposals } }
  mean: { uses: ensemble/boxes, over: [model, flip], in: { boxes: heads.boxes } }`,
        'mean.boxes',
      ),
    )
    expect(sourcesOf(graph, 'pooled[flip=none]', 'proposals')).toEqual([
      'propose[flip=none,model=L1].proposals',
      'propose[flip=none,model=L2].proposals',
    ])
    expect(sourcesOf(graph, 'heads[flip=none,model=L2]', 'features')).toEqual(['propose[flip=none,model=L2].features'])
    expect(sourcesOf(graph, 'heads[flip=none,model=L2]', 'proposals')).toEqual(['pooled[flip=none].proposals'])
    expect(sourcesOf(graph, 'propose[flip=none,model=L2]', 'images')).toEqual(['images.images'])
  })

  it('loses an axis that `where` pins to one id', async () => {
    const graph = await graphOf(
      pipeline(
        `${views(twoByTwo)}
  pooled:
    uses: ensemble/proposals
    over: [model]
    in: { proposals: { from: propose.proposals, where: { flip: none } } }
  single:
    uses: detect/boxes
    in:
      features: { from: propose.features, where: { model: L1, flip: none } }
      proposals: pooled.proposals`,
        'single.boxes',
      ),
    )
    expect(sourcesOf(graph, 'pooled', 'proposals')).toEqual([
      'propose[flip=none,model=L1].proposals',
      'propose[flip=none,model=L2].proposals',
    ])
    expect(sourcesOf(graph, 'single', 'features')).toEqual(['propose[flip=none,model=L1].features'])
  })

  it('keeps an axis of which `where` leaves several ids', async () => {
    const matrix = '{ model: [../models/L1, ../models/L2, ../models/L3], flip: [none] }'
    const steps = `${views(matrix)}
  pooled:
    uses: ensemble/proposals
    over: [model]
    in: { proposals: { from: propose.proposals, where: { model: [L3, L1] } } }`
    const graph = await graphOf(pipeline(steps, 'pooled.proposals'))
    expect(sourcesOf(graph, 'pooled', 'proposals')).toEqual([
      'propose[flip=none,model=L1].proposals',
      'propose[flip=none,model=L3].proposals',
    ])
    const { problems } = await compiled(pipeline(steps.replace('    over: [model]\n', ''), 'pooled.proposals'))
    expect(problems.map(({ code }) => code)).toEqual(['open-axis'])
  })

  it('of an irregular matrix is aligned cell by cell, and a missing cell is an error', async () => {
    const irregular =
      '{ model: [../models/L1, ../models/L2], flip: [none], add: [{ model: ../models/L2, flip: vertical }] }'
    const heads = (matrix: string) => `${views(irregular)}
  heads: { uses: detect/boxes, matrix: ${matrix}, in: { features: propose.features, proposals: propose.proposals } }
  mean: { uses: ensemble/boxes, over: [model, flip], in: { boxes: heads.boxes } }`
    const graph = await graphOf(pipeline(heads('propose'), 'mean.boxes'))
    expect(stepNamed(graph, 'heads').cells.map(cell => cell.address)).toEqual([
      'heads[flip=none,model=L1]',
      'heads[flip=none,model=L2]',
      'heads[flip=vertical,model=L2]',
    ])
    const { problems } = await compiled(pipeline(heads('{ model: [L1, L2], flip: [none, vertical] }'), 'mean.boxes'))
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'no-cells `propose.features` (input `features` of `heads`) has no cell for model=L1, flip=vertical',
      'no-cells `propose.proposals` (input `proposals` of `heads`) has no cell for model=L1, flip=vertical',
    ])
  })

  it('written as a list keeps its order, each part with its own conditions', async () => {
    const graph = await graphOf(
      pipeline(
        `
  truth: { uses: annotations/read, with: { path: ../data/tree.json } }
  other: { uses: annotations/read, with: { path: ../data/notes/readme.md } }
  all: { uses: instances/concat, in: { instances: [truth.instances, other.instances, truth.instances] } }`,
        'all.instances',
      ),
    )
    expect(sourcesOf(graph, 'all', 'instances')).toEqual(['truth.instances', 'other.instances', 'truth.instances'])
  })
})

describe('an output', () => {
  it('with axes has all its cells, or those of `where`', async () => {
    const steps = views(twoByTwo)
    const all = await graphOf(pipeline(steps, 'propose.proposals'))
    expect(all.outputs[0]?.cells).toHaveLength(4)
    const some = await graphOf(pipeline(steps, '{ from: propose.proposals, where: { model: L1 } }'))
    expect(some.outputs[0]?.cells.map(({ cell }) => cellsOf(some)[cell]?.address)).toEqual([
      'propose[flip=horizontal,model=L1]',
      'propose[flip=none,model=L1]',
    ])
    expect(cellsOf(some).map(cell => cell.address)).not.toContain('propose[flip=none,model=L2]')
  })
})
