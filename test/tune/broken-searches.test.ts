import { describe, expect, it } from 'vitest'
import { readBrokenPipelines } from '../helpers/broken.ts'
import { compileMain } from '../helpers/function-world.ts'

const corpus = readBrokenPipelines(new URL('./broken-searches.txt', import.meta.url))

/** What most of them evaluate; files of the same name in the corpus win. */
const score = `maskloom: 1
name: score
params:
  confidence: { type: number, minimum: 0, maximum: 1, default: 0.5 }
  limits: { type: map, items: integer, default: { cat: 10, dog: 20 } }
  iou: { type: number, default: 0.5 }
  classes: { type: list, default: [cat, dog] }
  rule: { type: string, enum: [default, sartorius], default: default }
  metric: { type: string, default: dsb2018 }
inputs:
  instances: { kind: instances, per: item }
  truth: { kind: instances, per: item }
steps:
  distinct: { uses: masks/nms, with: { score: "\${params.confidence}", iou: "\${params.iou}", rule: "\${params.rule}" }, in: { instances: instances } }
  large: { uses: instances/filter, with: { min_area_px: "\${params.limits}", classes: "\${params.classes}" }, in: { instances: distinct.instances } }
  metric: { uses: evaluate/cells, with: { rule: "\${params.metric}" }, in: { instances: large.instances, truth: truth } }
outputs: { metrics: metric.metrics }
`

describe('a search that is not right', () => {
  it.each(corpus)('$title: all is said, each in full', async ({ text, files, expected }) => {
    const written = { 'pipelines/score.yaml': score, ...files, 'pipelines/main.yaml': text }
    expect((await compileMain(written)).problems).toBe(expected)
  })

  it('is told apart from one that is', async () => {
    const right = corpus.find(({ title }) => title === 'several problems of a space')!
    const text = right.text.replace(
      /space: \{[^\n]*/,
      'space: { confidence: [0.1, 0.9], limits: { cat: { from: 0, to: 9 } } }',
    )
    const { graph, problems } = await compileMain({ 'pipelines/score.yaml': score, 'pipelines/main.yaml': text })
    expect(problems).toBe('')
    expect(graph?.steps.map(({ id }) => id)).toContain('tuned')
  })

  it('has the same key wherever its files lie', async () => {
    const right = corpus.find(({ title }) => title === 'several problems of a space')!
    const recipeIn = async (folder: string) => {
      const text = right.text.replace(/space: \{[^\n]*/, 'space: { confidence: [0.1, 0.9] }')
      const { graph, problems } = await compileMain({
        [`pipelines/${folder}/score.yaml`]: score.replace(
          'params:',
          'params:\n  where: { type: path, default: ./x.json }',
        ),
        'pipelines/main.yaml': text.replace('./score.yaml', `./${folder}/score.yaml`),
      })
      expect(problems).toBe('')
      return graph!.steps.find(({ id }) => id === 'tuned')!.cells[0]!.recipe
    }
    expect(await recipeIn('here')).toBe(await recipeIn('there'))
  })

  it('needs no word where the pipeline shows that predictions are out of fold', async () => {
    const seen = corpus.find(({ title }) => title === 'predictions that may have been seen in training')!
    const gathered = `  part: { uses: instances/filter, matrix: folds, items: folds.valid, in: { instances: scenes.found } }
  found: { uses: instances/concat, over: [fold], join: outer, in: { instances: part.instances } }
  tuned:`
    const text = seen.text
      .replace('  tuned:', gathered)
      .replace('instances: scenes.found, truth', 'instances: found.instances, truth')
    expect((await compileMain({ 'pipelines/score.yaml': score, 'pipelines/main.yaml': text })).problems).toBe('')
    const half = text.replace(
      'join: outer, in: { instances: part.instances }',
      'join: outer, in: { instances: { from: part.instances, where: { fold: 0 } } }',
    )
    const { problems } = await compileMain({
      'pipelines/score.yaml': score,
      'pipelines/main.yaml': half.replace('over: [fold], join', 'join'),
    })
    expect(problems).toContain('not-out-of-fold')
  })
})
