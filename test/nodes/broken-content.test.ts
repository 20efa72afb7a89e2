import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { shownProblems } from '../helpers/broken.ts'

/*
 * Pipelines that are right as far as their text goes, and files that are not what they should be: found by `check`,
 * before anything runs.
 */

const demo = fileURLToPath(new URL('../../demo/', import.meta.url))
let folder: string

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'maskloom-content-')))
  writeFileSync(join(folder, 'maskloom.config.yaml'), '')
  mkdirSync(join(folder, 'images'))
  cpSync(join(demo, 'images/320b124057c7bb15.jpg'), join(folder, 'images/a.jpg'))
  for (const model of ['L1', 'L2', 'P1']) cpSync(join(demo, 'models', model), join(folder, model), { recursive: true })
  for (const file of ['annotations.json', 'hierarchy.json', 'class-descriptions.csv'])
    cpSync(join(demo, file), join(folder, file))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Everything said about a pipeline, with the temporary folder as `~`. */
async function problemsOf(steps: string, output: string): Promise<string> {
  const path = join(folder, 'pipeline.yaml')
  const text = `maskloom: 1\nsteps:\n${steps}\noutputs: { out: ${output} }\n`
  writeFileSync(path, text)
  const { problems } = await check(path, { directory: folder, cache: false })
  const shown = shownProblems(problems, file => readFileSync(file, 'utf8'), { path, folder })
  return shown.replaceAll(`${folder}/`, '~/')
}

/** A copy of a model of the demo with some text of its model.yaml replaced. */
function editedModel(name: string, from: string, edits: readonly (readonly [string | RegExp, string])[]): void {
  cpSync(join(folder, from), join(folder, name), { recursive: true })
  const path = join(folder, name, 'model.yaml')
  const text = edits.reduce(
    (before, [search, replacement]) => {
      const after = before.replace(search, replacement)
      if (after === before) throw new Error(`${String(search)} is not in the model.yaml of ${from}`)
      return after
    },
    readFileSync(path, 'utf8'),
  )
  writeFileSync(path, text)
}

const propose = (model: string) => `  images: { uses: images/folder, with: { path: images } }
  propose: { uses: detect/propose, with: { model: ${model}, scale: 208 }, in: { images: images.images } }`

describe('a model', () => {
  it('without model.yaml says what a model is', async () => {
    mkdirSync(join(folder, 'empty'))
    writeFileSync(join(folder, 'empty/backbone.onnx'), '')
    expect(await problemsOf(propose('empty'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-56 bad-content  ~/empty: model.yaml is missing or cannot be read
        fix: a model is a folder with model.yaml and its ONNX graphs"
    `)
  })

  it('with misspelt, missing and wrong keys has all of them named with their places', async () => {
    editedModel('misspelt', 'P1', [
      ['pad_to_multiple', 'pad_to_multple'],
      ['shorter_side: 240', 'shorter_side: wide'],
      ['channel_order: rgb', 'channel_order: grb'],
    ])
    expect(await problemsOf(propose('misspelt'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-59 bad-content  ~/misspelt: model.yaml:14:18: input.channel_order: expected \`rgb\` or \`bgr\`, found "grb"
        fix: did you mean \`rgb\`?
      4:51-59 bad-content  ~/misspelt: model.yaml:18:3: input: unknown key \`pad_to_multple\`; allowed: name, channel_order, value_range, mean, std, pad_to_multiple
        fix: did you mean \`pad_to_multiple\`?
      4:51-59 bad-content  ~/misspelt: model.yaml:20:17: resize.shorter_side: expected a whole number of at least 1, found "wide""
    `)
  })

  it('without one of its graphs names the file', async () => {
    cpSync(join(folder, 'P1'), join(folder, 'headless'), { recursive: true })
    rmSync(join(folder, 'headless/box.onnx'))
    expect(await problemsOf(propose('headless'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-59 bad-content  ~/headless: box.onnx is not there
        fix: put the file into the model folder, or export it again"
    `)
  })

  it('with a graph that is none names the file', async () => {
    cpSync(join(folder, 'P1'), join(folder, 'torn'), { recursive: true })
    writeFileSync(join(folder, 'torn/mask.onnx'), readFileSync(join(folder, 'P1/mask.onnx')).subarray(0, 1000))
    expect(await problemsOf(propose('torn'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-55 bad-content  ~/torn: mask.onnx does not open: Load model from mask.onnx failed:Protobuf parsing failed.
        fix: put the file into the model folder, or export it again"
    `)
  })

  it('whose class indices are not columns of its graph says which', async () => {
    editedModel('indices', 'P1', [['index: 3', 'index: 13']])
    expect(await problemsOf(propose('indices'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-58 bad-content  ~/indices: box.onnx: class_logits has 4 columns, but class Carnivore (/m/01lrl) has index 13
        fix: expected an index from 0 to 3
      4:51-58 bad-content  ~/indices: mask.onnx: mask_logits has 4 channels, but class Carnivore (/m/01lrl) has index 13"
    `)
  })

  it('whose outputs are named otherwise says how they are named', async () => {
    editedModel('outputs', 'P1', [['objectness: objectness2', 'objectness: objectnes2']])
    expect(await problemsOf(propose('outputs'), 'propose.proposals')).toMatchInlineSnapshot(`
      "4:51-58 bad-content  ~/outputs: backbone.onnx has no output objectnes2
        fix: its outputs are feat0, feat1, feat2, feat3, objectness0, objectness1, objectness2, objectness3, objectness4, deltas0, deltas1, deltas2, deltas3, deltas4"
    `)
  })

  it('of other classes cannot be averaged with the rest', async () => {
    const steps = `  images: { uses: images/folder, with: { path: images } }
  propose:
    uses: detect/propose
    matrix: { model: [L1, L2, P1] }
    with: { model: "\${matrix.model}" }
    in: { images: images.images }
  pooled: { uses: ensemble/proposals, over: [model], in: { proposals: propose.proposals } }
  heads: { uses: detect/boxes, matrix: propose, in: { features: propose.features, proposals: pooled.proposals } }
  mean: { uses: ensemble/boxes, over: [model], in: { boxes: heads.boxes } }`
    expect(await problemsOf(steps, 'mean.boxes')).toMatchInlineSnapshot(`
      "11:61-72 mixed-types  input \`boxes\` of \`ensemble/boxes\` takes values of one type, and heads[model=L1] and heads[model=P1] differ: 12 classes (Apple, Orange, Banana, …) against 3 classes (Fruit, Land vehicle, Carnivore)
        fix: leave the others out"
    `)
  })

  it('in several cells of a matrix is reported once, beside a second one that is wrong', async () => {
    const steps = `  images: { uses: images/folder, with: { path: images } }
  propose:
    uses: detect/propose
    matrix: { model: [indices, headless], scale: [208, 272], flip: [none, horizontal] }
    with: { model: "\${matrix.model}", scale: "\${matrix.scale}", flip: "\${matrix.flip}" }
    in: { images: images.images }`
    const shown = await problemsOf(steps, 'propose.proposals')
    expect(shown.match(/bad-content/g)).toHaveLength(3)
  })
})

describe('a class tree', () => {
  const steps = (tree: string, classes = 'class-descriptions.csv') =>
    `  classes: { uses: hierarchy/open-images, with: { hierarchy: ${tree}, descriptions: ${classes} } }`

  it('that is no JSON says where', async () => {
    writeFileSync(
      join(folder, 'torn.json'),
      '{ "LabelName": "/m/0bl9f",\n  "Subcategory": [ { "LabelName": "/m/02wbm", ] }',
    )
    expect(await problemsOf(steps('torn.json'), 'classes.hierarchy')).toMatch(
      /^3:62-71 bad-content {2}torn\.json: is not JSON \(.*position 73/,
    )
  })

  it('with a class that nobody describes says which', async () => {
    writeFileSync(
      join(folder, 'typo.json'),
      readFileSync(join(demo, 'hierarchy.json'), 'utf8').replace('/m/014j1m', '/m/014j1n'),
    )
    expect(await problemsOf(steps('typo.json'), 'classes.hierarchy')).toMatchInlineSnapshot(`
      "3:62-71 bad-content  typo.json, /m/0bl9f > /m/02wbm > /m/02xwb > /m/014j1n: /m/014j1n is not among the 18 described classes
        fix: did you mean \`/m/014j1m\`?"
    `)
  })

  it('whose descriptions lack a name says in which row', async () => {
    writeFileSync(join(folder, 'rows.csv'), '/m/02wbm,Food\n/m/02xwb\n')
    expect(await problemsOf(steps('hierarchy.json', 'rows.csv'), 'classes.hierarchy')).toMatchInlineSnapshot(
      `"3:92-100 bad-content  rows.csv, row 2: expected a class id and a name, found "/m/02xwb""`,
    )
  })
})

describe('annotations', () => {
  const steps = (file: string, more = '') => `  truth: { uses: annotations/coco, with: { path: ${file}${more} } }`

  it('that are no COCO file say what is missing', async () => {
    writeFileSync(join(folder, 'list.json'), '[]')
    expect(await problemsOf(steps('list.json'), 'truth.instances')).toMatchInlineSnapshot(
      `"3:50-59 bad-content  list.json: expected an object with images, categories and annotations"`,
    )
  })

  it('without the field that names classes say so', async () => {
    expect(await problemsOf(steps('annotations.json', ', class_id: midd'), 'truth.instances')).toMatchInlineSnapshot(
      `"3:50-66 bad-content  annotations.json, category 1: has no text or number in midd; its fields are id, name, supercategory, mid"`,
    )
  })
})
