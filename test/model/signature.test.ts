import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { checkModel, featuresFacets } from '../../nodes/model/model-facets.ts'
import { testCheck } from '../helpers/run-context.ts'
import { demoModel } from '../helpers/scene.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'maskloom-model-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A copy of the parent model with changes; what checking it reports. */
async function problemsOf(change: (yaml: string) => string, files: { [name: string]: string | null } = {}) {
  const path = mkdtempSync(join(root, 'm-'))
  cpSync(demoModel('P1').path, path, { recursive: true })
  const file = join(path, 'model.yaml')
  writeFileSync(file, change(readFileSync(file, 'utf8')))
  for (const [name, content] of Object.entries(files)) {
    if (content === null) rmSync(join(path, name))
    else writeFileSync(join(path, name), content)
  }
  const check = testCheck({ readFile: readFileSync })
  await checkModel({ path, sha256: sha256(path) }, check.context)
  expect(check.problems.every(problem => problem.param === 'model' && problem.message.startsWith(path))).toBe(true)
  return check.problems.map(({ message, fix }) => `${message.slice(path.length + 2)}${fix ? ` (${fix})` : ''}`)
}

const same = (yaml: string) => yaml

describe('checking a model folder', () => {
  it('finds nothing wrong with the demo models and remembers their signatures', async () => {
    const check = testCheck({ readFile: readFileSync })
    for (const name of ['L1', 'L2', 'L3', 'P1', 'L1']) await checkModel(demoModel(name), check.context)
    expect(check.problems).toEqual([])
    expect(check.computed).toBe(4)
  })

  it('tells the static type of its features', async () => {
    const model = await checkModel(demoModel('P1'), testCheck({ readFile: readFileSync }).context)
    expect(featuresFacets(model!)).toEqual({
      classes: [
        { id: '/m/02xwb', name: 'Fruit' },
        { id: '/m/01prls', name: 'Land vehicle' },
        { id: '/m/01lrl', name: 'Carnivore' },
      ],
      class_boxes: 'per-class',
      mask_size_px: 28,
    })
  })

  it.each<[string, (yaml: string) => string, RegExp]>([
    [
      'an output the graph lacks',
      y => y.replace('objectness: objectness3', 'objectness: objectnes3'),
      /^backbone\.onnx has no output objectnes3 \(its outputs are feat0, /,
    ],
    [
      'an input the graph lacks',
      y => y.replace('name: image', 'name: picture'),
      /^backbone\.onnx has no input picture \(its inputs are image\)/,
    ],
    [
      'another number of anchors',
      y => y.replace('sizes: [24], ratios: [0.5, 1.0, 2.0]', 'sizes: [24], ratios: [1.0]'),
      /^backbone\.onnx: output objectness0 is float32 \[1, 3, any, any\], expected float32 \[1, 1, any, any\]/,
    ],
    [
      'a class beyond the columns',
      y => y.replace('index: 3', 'index: 9'),
      /^box\.onnx: class_logits has 4 columns, but class Carnivore \(\/m\/01lrl\) has index 9 \(expected an index from 0 to 3\)/,
    ],
    [
      'a background beyond the columns',
      y => y.replace('background_index: 0', 'background_index: 4'),
      /class_logits has 4 columns, but background_index is 4/,
    ],
    [
      'shared boxes of a per-class head',
      y => y.replace('class_boxes: per-class', 'class_boxes: shared'),
      /^box\.onnx: output box_deltas is float32 \[any, 16\], expected float32 \[any, 4\]/,
    ],
    [
      'another mask size',
      y => y.replace('size: 28', 'size: 14'),
      /^mask\.onnx: output mask_logits is float32 \[any, 4, 28, 28\], expected float32 \[any, any, 14, 14\]/,
    ],
    [
      'deltas taken for logits',
      y => y.replace('class_logits: class_logits', 'class_logits: box_deltas'),
      /^box\.onnx: output box_deltas is float32 \[any, 16\], expected float32 \[any, 64\]/,
    ],
    [
      'a feature that nothing feeds',
      y => y.replace('[feat0, feat1, feat2, feat3]', '[feat0, feat1, feat2]'),
      /^box\.onnx: nothing feeds its input feat3 \(add it to backbone\.features\)/,
    ],
  ])('reports %s', async (_what, change, message) => {
    expect(await problemsOf(change)).toContainEqual(expect.stringMatching(message))
  })

  it('reports a missing graph, a damaged one and a missing model.yaml, once each', async () => {
    expect(await problemsOf(same, { 'mask.onnx': null })).toEqual([expect.stringMatching(/^mask\.onnx is not there/)])
    expect(await problemsOf(same, { 'box.onnx': 'hello' })).toEqual([
      expect.stringMatching(/^box\.onnx does not open: .*Protobuf parsing failed/),
    ])
    expect(await problemsOf(same, { 'model.yaml': null })).toEqual([expect.stringMatching(/^model\.yaml is missing/)])
  })
})
