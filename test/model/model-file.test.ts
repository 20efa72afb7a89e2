import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseModel } from '../../nodes/model/model-file.ts'
import { viewSizeHw } from '../../nodes/model/view-size.ts'
import { demoModel } from '../helpers/scene.ts'

const valid = readFileSync(join(demoModel('P1').path, 'model.yaml'), 'utf8')

async function problemsOf(text: string) {
  const parsed = await parseModel(text)
  return 'problems' in parsed ? parsed.problems.map(({ message, fix }) => (fix ? `${message} (${fix})` : message)) : []
}

describe('parseModel', () => {
  it.each(['L1', 'L2', 'L3', 'P1'])('reads the demo model %s', async name => {
    const parsed = await parseModel(readFileSync(join(demoModel(name).path, 'model.yaml'), 'utf8'))
    expect(parsed).toHaveProperty('model.name', name)
  })

  it('keeps classes in the order of the file, with their columns', async () => {
    const swapped = valid.replace('index: 1, id: /m/02xwb, name: Fruit', 'index: 7, id: f, name: Fruit')
    const parsed = await parseModel(swapped)
    if ('problems' in parsed) throw new Error('expected a model')
    expect(parsed.model.classes.map(({ id }) => id)).toEqual(['f', '/m/01prls', '/m/01lrl'])
    expect(parsed.model.columns).toEqual([7, 2, 3])
  })

  it.each<[string, string, RegExp]>([
    [
      'a misspelt field',
      valid.replace('top_per_level', 'top_per_levels'),
      /^model\.yaml:\d+:3: rpn: unknown key `top_per_levels`; allowed: .* \(did you mean `top_per_level`\?\)/,
    ],
    ['a missing field', valid.replace(/^name: .*$/m, ''), /^model\.yaml:\d+:\d+: missing key `name`/],
    [
      'a wrong type',
      valid.replace('max: 300', 'max: many'),
      /^model\.yaml:38:8: rpn\.max: expected a whole number of at least 1, found "many"/,
    ],
    [
      'an unknown choice',
      valid.replace('channel_order: rgb', 'channel_order: grb'),
      /input\.channel_order: expected `rgb` or `bgr`, found "grb" \(did you mean `rgb`\?\)/,
    ],
    [
      'a path instead of a file name',
      valid.replace('file: box.onnx', 'file: ../box.onnx'),
      /box\.0\.file: expected the name of an ONNX file in the folder of the model, found "\.\.\/box\.onnx"/,
    ],
    ['a duplicate column', valid.replace('index: 2', 'index: 1'), /Land vehicle and Fruit have the same index 1/],
    ['a duplicate id', valid.replace('/m/01prls', '/m/02xwb'), /Land vehicle and Fruit have the same id \/m\/02xwb/],
    [
      'a class on the background',
      valid.replace('index: 3', 'index: 0'),
      /Carnivore has index 0, which background_index names/,
    ],
    [
      'inclusive coordinates',
      valid.replace('half-open', 'inclusive'),
      /inclusive coordinates .* are not supported yet \(expected half-open\)/,
    ],
    [
      'two box stages',
      valid.replace(/box:\n((?: {2,}.*\n)+)/, 'box:\n$1$1'),
      /2 box stages: cascades are not supported yet/,
    ],
    [
      'sides the wrong way round',
      valid.replace('longer_side: 768', 'longer_side: 7'),
      /longer_side 7 is less than shorter_side 240/,
    ],
    ['broken YAML', valid.replace('classes:', 'classes: ['), /^model\.yaml:\d+:\d+: /],
    ['a duplicate key', `${valid}\nname: again\n`, /^model\.yaml:\d+:\d+: Map keys must be unique/],
    ['a list instead of a map', '- 1\n', /expected a map, found/],
    ['nothing', '', /expected a map, found/],
  ])('reports %s where it is', async (_what, text, message) => {
    expect(await problemsOf(text)).toContainEqual(expect.stringMatching(message))
  })

  it('reports every problem at once', async () => {
    const text = valid.replace('max: 300', 'max: 0').replace('half-open', 'closed').replace('family', 'familly')
    expect((await problemsOf(text)).length).toBeGreaterThanOrEqual(3)
  })
})

describe('viewSizeHw', () => {
  const model = { longerSidePx: 768 }
  it('reads a number as the shorter side, limited by the model', () => {
    expect(viewSizeHw(model, 480, [240, 320])).toEqual([480, 640])
    expect(viewSizeHw(model, 800, [240, 320])).toEqual([576, 768])
  })

  it('fits into a box given in either order, or keeps the size', () => {
    // 800 / 240 in float32 lies just below 10 / 3; torchvision, too, makes 799 rows of it.
    expect(viewSizeHw(model, { fit: [1333, 800] }, [240, 320])).toEqual([799, 1066])
    expect(viewSizeHw(model, { fit: [800, 1333] }, [240, 320])).toEqual([799, 1066])
    expect(viewSizeHw(model, 'native', [241, 321])).toEqual([241, 321])
  })
})
