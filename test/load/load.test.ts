import { expect, test } from 'vitest'
import { loadPipeline } from '../../engine/load/load.ts'
import { threeStage } from './three-stage.ts'

const path = '/project/pipelines/three-stage.yaml'

function load(text: string) {
  const loaded = loadPipeline(path, () => text)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems, undefined, 2))
  return loaded.value
}

test('a pipeline is read into its declarations, with references left as they are', () => {
  const file = load(threeStage)
  expect(file).toMatchObject({ path, name: 'three-stage', env: ['DATA_ROOT'] })
  expect([...file.params.keys()]).toEqual(['models', 'scales', 'weights', 'box_nms_iou'])
  expect(file.params.get('models')).toMatchObject({ type: 'list', items: 'path', default: undefined })
  expect(file.params.get('box_nms_iou')).toMatchObject({ minimum: 0, maximum: 1, default: 0.5, enum: undefined })
  expect(file.inputs.get('images')).toEqual({ name: 'images', kind: 'image', per: 'item' })
  const propose = file.steps.get('propose')
  expect(propose?.with).toEqual({ model: '${matrix.model}', scale: '${matrix.scale.fit}', flip: '${matrix.flip}' })
  expect(propose?.matrix).toEqual({
    form: 'product',
    axes: new Map<string, unknown>([
      ['model', '${params.models}'],
      ['scale', '${params.scales}'],
      ['flip', ['none', 'horizontal']],
    ]),
    where: [{ flip: ['none'] }],
    add: [{ model: 'x', scale: 208, flip: 'horizontal' }],
  })
  expect(propose?.store).toEqual({ proposals: 'auto' })
  expect(propose?.join).toBe('exact')
})

test('sources keep their form, their conditions as texts, and where they stand', () => {
  const file = load(threeStage)
  expect(file.steps.get('proposals')?.in.get('proposals')).toEqual({
    list: true,
    sources: [
      { from: 'propose.proposals', where: {}, path: ['steps', 'proposals', 'in', 'proposals', 0] },
      { from: 'propose.proposals', where: { scale: ['208'] }, path: ['steps', 'proposals', 'in', 'proposals', 1] },
    ],
  })
  expect(file.steps.get('propose')?.in.get('images')).toMatchObject({ list: false })
  expect(file.steps.get('heads')?.matrix).toEqual({ form: 'of', step: 'propose' })
  expect(file.steps.get('single')).toMatchObject({
    uses: './single.yaml',
    join: 'inner',
    items: { from: 'heads.type', equals: 'astro' },
    matrix: { form: 'rows', rows: [{ id: 'a', model: 'm.onnx' }, 'b'] },
  })
  expect(file.outputs.get('boxes')).toEqual({ name: 'boxes', from: 'heads.boxes', where: { flip: ['none'] } })
})

test('merged keys come after own ones and do not replace them', () => {
  expect(load(threeStage).steps.get('single')?.with).toEqual({
    model: '${matrix.row.model}',
    root: '${env.DATA_ROOT}/a',
    iou: '${params.box_nms_iou}',
    flip: 'none',
    scale: 1,
  })
})

test('a file without a name is called after its path', () => {
  const text = 'maskloom: 1\nsteps: { a: { uses: b/c } }\noutputs: { out: a.b }\n'
  expect(load(text).name).toBe('three-stage')
})

test('a file that is not there is a problem, not an exception', () => {
  const loaded = loadPipeline(path, () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  })
  expect(loaded).toMatchObject({ ok: false, problems: [{ code: 'missing-file', at: { file: path } }] })
})

test('a defect of the reader is not mistaken for a missing file', () => {
  const broken = () => {
    throw new TypeError('defect')
  }
  expect(() => loadPipeline(path, broken)).toThrow('defect')
})

test('numbers, names of countries and times keep their YAML 1.2 meaning', () => {
  const values = 'a: NO, b: on, c: 12:30:00, d: 1_000, e: 010, f: 0x10, g: 1e3, h: ~, i: 2024-01-02'
  const file = load(`maskloom: 1\nsteps: { s: { uses: b/c, with: { ${values} } } }\noutputs: { out: s.b }\n`)
  expect(file.steps.get('s')?.with).toEqual({
    a: 'NO',
    b: 'on',
    c: '12:30:00',
    d: '1_000',
    e: 10,
    f: 16,
    g: 1000,
    h: null,
    i: '2024-01-02',
  })
})
