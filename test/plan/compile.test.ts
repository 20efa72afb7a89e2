import { describe, expect, it } from 'vitest'
import { cellAt, cellsOf, compiled, graphOf, sourcesOf, stepNamed } from '../helpers/compiling.ts'
import { leafAndParent, threeStage } from '../helpers/three-stage-small.ts'

const files = { 'pipelines/three-stage.yaml': threeStage }

describe('a pipeline used as a node', () => {
  it('is inlined under the id of the step that uses it', async () => {
    const graph = await graphOf(leafAndParent, { files })
    expect(graph.steps.map(step => step.id)).toEqual([
      'images',
      'tree',
      ...['propose', 'proposals', 'heads', 'mean', 'detections', 'roi_masks', 'masks'].map(id => `leaf/${id}`),
      ...['propose', 'proposals', 'heads', 'mean', 'detections', 'roi_masks', 'masks'].map(id => `parent/${id}`),
      'lifted',
      'all',
      'count',
    ])
    expect(stepNamed(graph, 'leaf/propose').cells).toHaveLength(4)
    expect(stepNamed(graph, 'parent/propose').cells).toHaveLength(2)
    expect(sourcesOf(graph, 'all', 'instances')).toEqual(['lifted.instances', 'parent/masks.instances'])
  })

  it('has its own parameters; a path literal belongs to the file it stands in', async () => {
    const inner = `maskloom: 1
params: { model: { type: path, default: models/own } }
inputs: { images: { kind: image, per: item } }
steps: { propose: { uses: detect/propose, with: { model: "\${params.model}" }, in: { images: images } } }
outputs: { proposals: propose.proposals }
`
    const graph = await graphOf(
      `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  own: { uses: ../common/inner.yaml, in: { images: images.images } }
  given: { uses: ../common/inner.yaml, in: { images: images.images }, with: { model: ../models/L2 } }
outputs: { own: own.proposals, given: given.proposals }
`,
      { files: { 'common/inner.yaml': inner, 'common/models/own/classes.txt': 'kiwi' } },
    )
    expect(cellAt(graph, 'own/propose').params).toMatchObject({ model: { path: '/project/common/models/own' } })
    expect(cellAt(graph, 'given/propose').params).toMatchObject({ model: { path: '/project/models/L2' } })
  })

  it('may stand in a matrix: the axes around it come first and fold outside', async () => {
    const graph = await graphOf(
      `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  member:
    uses: ./three-stage.yaml
    matrix: { rows: [{ id: b, models: [../models/L2] }, { id: a, models: [../models/L1, ../models/L3] }] }
    in: { images: images.images }
    with: { models: "\${matrix.row.models}" }
  mean: { uses: ensemble/boxes, over: [row], with: { weights: { row: { b: 3 } } }, in: { boxes: member.boxes } }
outputs: { boxes: mean.boxes }
`,
      { files },
    )
    const propose = stepNamed(graph, 'member/propose')
    expect(propose.axes.map(({ name }) => name)).toEqual(['row', 'model', 'flip'])
    expect(propose.cells.map(cell => cell.address)).toEqual([
      'member/propose[flip=horizontal,model=L1,row=a]',
      'member/propose[flip=horizontal,model=L2,row=b]',
      'member/propose[flip=horizontal,model=L3,row=a]',
      'member/propose[flip=none,model=L1,row=a]',
      'member/propose[flip=none,model=L2,row=b]',
      'member/propose[flip=none,model=L3,row=a]',
    ])
    expect(sourcesOf(graph, 'member/mean[row=b]', 'boxes')).toEqual([
      'member/heads[flip=horizontal,model=L2,row=b].boxes',
      'member/heads[flip=none,model=L2,row=b].boxes',
    ])
    expect(sourcesOf(graph, 'mean', 'boxes')).toEqual(['member/mean[row=a].boxes', 'member/mean[row=b].boxes'])
    expect(cellAt(graph, 'mean').params).toEqual({ weights: [1, 3] })
  })

  it('gives ports that others read, feature maps too, with conditions met on the way', async () => {
    const graph = await graphOf(
      `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  leaf: { uses: ./three-stage.yaml, in: { images: images.images }, with: { models: [../models/L1, ../models/L2] } }
  single: { uses: ./one.yaml, in: { features: { from: leaf.features, where: { model: L1 } }, proposals: leaf.plain } }
outputs: { boxes: single.boxes }
`,
      {
        files: {
          'pipelines/three-stage.yaml': `${threeStage}  plain: { from: propose.proposals, where: { flip: none, model: L1 } }\n`,
          'pipelines/one.yaml': `maskloom: 1
inputs: { features: { kind: features, per: item }, proposals: { kind: proposals, per: item } }
steps:
  heads: { uses: detect/boxes, in: { features: { from: features, where: { flip: none } }, proposals: proposals } }
outputs: { boxes: heads.boxes }
`,
        },
      },
    )
    expect(sourcesOf(graph, 'single/heads', 'features')).toEqual(['leaf/propose[flip=none,model=L1].features'])
    expect(sourcesOf(graph, 'single/heads', 'proposals')).toEqual(['leaf/propose[flip=none,model=L1].proposals'])
  })

  it('may be fed by steps written after it', async () => {
    const [head = '', ...rest] = leafAndParent.split('\n  images:')
    const moved = `${head}${rest.join('\n  images:').replace(/^.*\n/, '\n')}`.replace(
      'outputs:',
      '  images: { uses: images/folder, with: { path: ../data/images } }\noutputs:',
    )
    const graph = await graphOf(moved, { files })
    expect(graph.steps).toHaveLength(19)
  })
})

describe('the matrix of another step', () => {
  it('gives its cells and the values behind them', async () => {
    const graph = await graphOf(`maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  again:
    uses: detect/propose
    matrix: first
    with: { model: "\${matrix.model}", scale: 208 }
    in: { images: images.images }
  first:
    uses: detect/propose
    matrix: { model: [../models/L1, ../models/L2], flip: [none, horizontal], where: { flip: none } }
    with: { model: "\${matrix.model}" }
    in: { images: images.images }
outputs: { again: again.proposals, first: first.proposals }
`)
    expect(stepNamed(graph, 'again').cells.map(({ address, params }) => [address, params])).toMatchObject([
      ['again[flip=none,model=L1]', { model: { path: '/project/models/L1' }, scale: 208 }],
      ['again[flip=none,model=L2]', { model: { path: '/project/models/L2' }, scale: 208 }],
    ])
  })
})

describe('weights', () => {
  const pooled = (weights: string) => `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  propose:
    uses: detect/propose
    matrix: { model: [../models/L1, ../models/L2], flip: [none, horizontal] }
    with: { model: "\${matrix.model}", flip: "\${matrix.flip}" }
    in: { images: images.images }
  pooled:
    uses: ensemble/proposals
    over: [model, flip]
    ${weights}
    in: { proposals: propose.proposals }
outputs: { out: pooled.proposals }
`

  it.each([
    ['', [1, 1, 1, 1]],
    ['with: { weights: {} }', [1, 1, 1, 1]],
    ['with: { weights: { model: { L1: 2 } } }', [2, 1, 2, 1]],
    ['with: { weights: { model: { L1: 2, L2: 0.5 }, flip: { none: 3 } } }', [2, 0.5, 6, 1.5]],
  ])('%s become one number for each folded value', async (written, expected) => {
    const graph = await graphOf(pooled(written))
    expect(sourcesOf(graph, 'pooled', 'proposals')[0]).toContain('flip=horizontal,model=L1')
    expect(cellAt(graph, 'pooled').params).toMatchObject({ weights: expected })
  })

  it('of 0 leave the cells out: the graph is that of a pipeline without them', async () => {
    const graph = await graphOf(pooled('with: { weights: { flip: { horizontal: 0 }, model: { L1: 2 } } }'))
    expect(sourcesOf(graph, 'pooled', 'proposals')).toEqual([
      'propose[flip=none,model=L1].proposals',
      'propose[flip=none,model=L2].proposals',
    ])
    expect(cellsOf(graph).map(({ address }) => address)).toEqual([
      'images',
      'propose[flip=none,model=L1]',
      'propose[flip=none,model=L2]',
      'pooled',
    ])
    const without = pooled('with: { weights: { model: { L1: 2 } } }').replace('[none, horizontal]', '[none]')
    expect(cellsOf(graph).map(({ recipe, params }) => [recipe, params])).toEqual(
      cellsOf(await graphOf(without)).map(({ recipe, params }) => [recipe, params]),
    )
  })

  it('of 0 remove a model from every stage, and its own steps with it', async () => {
    const weighted = threeStage.replace(
      /over: \[model, flip\], in:/g,
      'over: [model, flip], with: { weights: "${params.weights}" }, in:',
    )
    const graph = await graphOf(leafAndParent, {
      files: { 'pipelines/three-stage.yaml': weighted },
      params: { weights: { model: { L2: 0 } } },
    })
    expect(cellsOf(graph).filter(({ address }) => address.startsWith('leaf/') && address.includes('L2'))).toEqual([])
    expect(sourcesOf(graph, 'leaf/mean', 'boxes').every(address => address.includes('L1'))).toBe(true)
  })

  it.each([
    ['weights: { model: { L1: 0, L2: 0 } }', 'all 4 cells of `propose` that are folded have weight 0'],
    ['weights: { model: { L1: 0 }, flip: { none: 0 , horizontal: 0 } }', 'all 4 cells of `propose`'],
  ])('%s are an error at their place', async (written, message) => {
    const { problems } = await compiled(pooled(`with: { ${written} }`))
    expect(problems).toMatchObject([{ code: 'bad-weights', message: expect.stringContaining(message) }])
  })
})

describe('weights and models as values', () => {
  const weighted = `maskloom: 1
params:
  weights: { type: map, default: {} }
inputs:
  images: { kind: image, per: item }
  weights: { kind: weights, per: collection, optional: true }
steps:
  propose: { uses: detect/propose, matrix: { model: [../models/L1, ../models/L2] }, with: { model: "\${matrix.model}" }, in: { images: images } }
  pooled:
    uses: ensemble/proposals
    over: [model]
    with: { weights: "\${params.weights}" }
    in: { proposals: propose.proposals, weights: weights }
outputs: { out: pooled.proposals }
`
  const using = (more: string) => `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  found: { uses: weights/find, in: { images: images.images } }
  inner: { uses: ./weighted.yaml, ${more} }
outputs: { out: inner.out }
`
  const options = { files: { 'pipelines/weighted.yaml': weighted } }

  it('go into a pipeline by parameter, or through an optional input', async () => {
    const byParam = await graphOf(
      using('in: { images: images.images }, with: { weights: { model: { L2: 0 } } }'),
      options,
    )
    expect(cellAt(byParam, 'inner/pooled').inputs.map(({ port }) => port)).toEqual(['proposals'])
    expect(cellAt(byParam, 'inner/pooled').params).toMatchObject({ weights: [1] })
    const byPort = await graphOf(using('in: { images: images.images, weights: found.weights }'), options)
    expect(sourcesOf(byPort, 'inner/pooled', 'weights')).toEqual(['found.weights'])
    expect(cellAt(byPort, 'inner/pooled').params).toMatchObject({ weights: [{ model: 'L1' }, { model: 'L2' }] })
  })

  it('are refused inside when a use gives both', async () => {
    const both = using('in: { images: images.images, weights: found.weights }, with: { weights: { model: { L2: 2 } } }')
    expect((await compiled(both, options)).problems).toMatchObject([
      { code: 'bad-param', message: '`weights` of `ensemble/proposals` is given here and by the input `weights`' },
    ])
  })

  it('meet by coordinate: each cell infers with the model of its own training', async () => {
    const graph = await graphOf(`maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  train: { uses: models/train, matrix: { rate: [0.1, 0.2] }, with: { rate: "\${matrix.rate}" }, in: { images: images.images } }
  propose: { uses: detect/propose, matrix: train, in: { images: images.images, model: train.model } }
outputs: { out: propose.proposals }
`)
    for (const rate of ['0.1', '0.2'])
      expect(sourcesOf(graph, `propose[rate=${rate}]`, 'model')).toEqual([`train[rate=${rate}].model`])
    expect(cellAt(graph, 'propose[rate=0.1]').facets['features']).toEqual({ classes: ['apple', 'pear'] })
    // What a model comes from is no part of the recipe: equal bytes give equal keys.
    expect(cellAt(graph, 'propose[rate=0.1]').recipe).toBe(cellAt(graph, 'propose[rate=0.2]').recipe)
  })
})

describe('equal steps', () => {
  it('are one cell, whoever wrote them', async () => {
    const graph = await graphOf(
      `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  same_images: { uses: images/folder, with: { path: ../pipelines/../data/images } }
  one: { uses: detect/propose, with: { model: ../models/L1, flip: none }, in: { images: images.images } }
  two: { uses: detect/propose, with: { model: ../models/L1 }, in: { images: same_images.images } }
  other: { uses: detect/propose, with: { model: ../models/L1, flip: vertical }, in: { images: images.images } }
outputs: { one: one.proposals, two: two.proposals, other: other.proposals }
`,
    )
    expect(cellsOf(graph).map(cell => cell.address)).toEqual(['images', 'one', 'other'])
    expect(graph.outputs.map(output => output.source.cell)).toEqual([1, 1, 2])
    expect(graph.steps.map(step => step.id)).toEqual(['images', 'one', 'other'])
  })

  it('stay apart if they are stored or joined in another way', async () => {
    const graph = await graphOf(`maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  one: { uses: detect/propose, with: { model: ../models/L1 }, in: { images: images.images } }
  kept: { uses: detect/propose, with: { model: ../models/L1 }, in: { images: images.images }, store: { proposals: always } }
  inner: { uses: detect/propose, with: { model: ../models/L1 }, in: { images: images.images }, join: inner }
outputs: { one: one.proposals, kept: kept.proposals, inner: inner.proposals }
`)
    expect(cellsOf(graph).map(cell => cell.address)).toEqual(['images', 'one', 'kept', 'inner'])
    expect(new Set(cellsOf(graph).map(cell => cell.recipe)).size).toBe(2)
  })
})

describe('targets', () => {
  it('leave out what they do not need', async () => {
    const graph = await graphOf(leafAndParent, { files, targets: ['leaf.boxes'] })
    expect(graph.outputs.map(({ name }) => name)).toEqual(['leaf.boxes'])
    expect(graph.steps.map(step => step.id)).toEqual([
      'images',
      'leaf/propose',
      'leaf/proposals',
      'leaf/heads',
      'leaf/mean',
    ])
  })

  it('can be outputs, ports of steps, and ports of steps inside a pipeline that is used', async () => {
    const names = async (target: string) => {
      const graph = await graphOf(leafAndParent, { files, targets: [target] })
      return graph.outputs.map(({ cells }) => cells.map(({ cell, port }) => `${cellsOf(graph)[cell]?.address}.${port}`))
    }
    expect(await names('table')).toEqual([['count.table']])
    expect(await names('lifted.instances')).toEqual([['lifted.instances']])
    expect(await names('parent/heads.boxes')).toEqual([
      ['parent/heads[flip=horizontal,model=P1].boxes', 'parent/heads[flip=none,model=P1].boxes'],
    ])
  })

  it('do not hide mistakes in what they do not need', async () => {
    const { problems } = await compiled(leafAndParent.replace('all.instances }', 'all.instance }'), {
      files,
      targets: ['leaf.boxes'],
    })
    expect(problems.map(({ code }) => code)).toEqual(['unknown-port'])
  })
})

describe('the graph', () => {
  it('lists steps and cells after those they read', async () => {
    const graph = await graphOf(leafAndParent, { files })
    const cells = cellsOf(graph)
    expect(cells.map(cell => cell.index)).toEqual(cells.map((_, i) => i))
    for (const cell of cells) {
      const read = cell.inputs.flatMap(input => input.sources.map(source => source.cell))
      expect(Math.max(-1, ...read)).toBeLessThan(cell.index)
      expect(graph.steps[cell.step]?.cells).toContain(cell)
    }
  })

  it('is plain data', async () => {
    const graph = await graphOf(leafAndParent, { files })
    expect(structuredClone(graph)).toEqual(graph)
    expect(JSON.parse(JSON.stringify(graph))).toEqual(JSON.parse(JSON.stringify(structuredClone(graph))))
  })

  it('is the same in every compilation', async () => {
    expect(await graphOf(leafAndParent, { files })).toEqual(await graphOf(leafAndParent, { files }))
  })
})
