import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folderDigest, sha256 } from '../../engine/base/digest.ts'
import type { PathRef } from '../../engine/contract/node.ts'
import { checkModel } from '../../nodes/model/model-facets.ts'
import { openModel } from '../../nodes/model/open-model.ts'
import { modelsAssemble } from '../../nodes/models/assemble.ts'
import { modelsFolder } from '../../nodes/models/folder.ts'
import { modelFacets } from '../../nodes/values/model.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { stored } from '../helpers/stored.ts'

const folder = fileURLToPath(new URL('../../demo/models/L1', import.meta.url))
const names = ['backbone.onnx', 'box.onnx', 'mask.onnx']
const yaml = readFileSync(join(folder, 'model.yaml'), 'utf8')

function ref(path: string): PathRef {
  return { path, sha256: sha256(readFileSync(path)) }
}

/** The folder as a path parameter gives it. */
const byPath: PathRef = {
  path: folder,
  sha256: folderDigest([...names, 'model.yaml'].map(name => [name, ref(join(folder, name)).sha256])),
}

const packed = async () => (await runNode(modelsFolder, {}, { path: byPath }))['model']
const spec = ref(join(folder, 'model.yaml'))

describe('models/folder and models/assemble', () => {
  it('make the same value of the same files', async () => {
    const graphs = names.map(name => stored('file', readFileSync(join(folder, name))))
    const { model } = await runNode(modelsAssemble, { graphs }, { spec, names })
    expect(readFileSync(model as string).equals(readFileSync((await packed()) as string))).toBe(true)
  })

  it('know their class list before there are graphs', async () => {
    const check = testCheck({ readFile: readFileSync, inputs: { graphs: [{}, {}, {}] } })
    const params = { spec, names } as never
    expect(await modelsAssemble.types!(params, check.context)).toEqual({ model: { yaml } })
    expect(await modelsFolder.types!({ path: byPath } as never, check.context)).toEqual({ model: { yaml } })
    expect(check.problems).toEqual([])
  })

  it.each([
    ['too few names', ['a.onnx'], '1 names for 2 graphs'],
    ['a name of another sort', ['a.onnx', 'b.txt'], '`b.txt` is no name of a graph'],
    ['the spec among them', ['a.onnx', 'model.yaml'], '`model.yaml` is no name of a graph'],
    ['a folder', ['a.onnx', 'sub/b.onnx'], '`sub/b.onnx` is no name of a graph'],
  ])('find %s while the pipeline is checked', async (_, given, message) => {
    const check = testCheck({ readFile: readFileSync, inputs: { graphs: [{}, {}] } })
    await modelsAssemble.types!({ spec, names: given } as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'names', message: expect.stringContaining(message) }])
  })

  it('pack what the key covers, and refuse a folder that was changed after it was checked', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
    for (const name of ['model.yaml', ...names]) copyFileSync(join(folder, name), join(copy, name))
    writeFileSync(join(copy, '._box.onnx'), 'hidden')
    writeFileSync(join(copy, 'notes.txt'), 'not of the model')
    const path = { path: copy, sha256: byPath.sha256 }
    const { model } = await runNode(modelsFolder, {}, { path })
    expect(readFileSync(model as string).equals(readFileSync((await packed()) as string))).toBe(true)
    writeFileSync(join(copy, 'box.onnx'), 'trained on')
    await expect(runNode(modelsFolder, {}, { path })).rejects.toThrow('was changed after the run was planned')
  })

  it('refuse a spec that was changed after it was checked', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'model.yaml')
    writeFileSync(path, yaml)
    const before = ref(path)
    writeFileSync(path, `${yaml}\n# changed`)
    const graphs = [stored('file', new Uint8Array(8))]
    await expect(runNode(modelsAssemble, { graphs }, { spec: before, names: ['a.onnx'] })).rejects.toThrow(
      'was changed after the run was planned',
    )
  })
})

describe('a model that comes through a port', () => {
  it('says in its static type what a check needs, and puts the graphs off', async () => {
    const check = testCheck({ inputs: { model: [modelFacets(yaml)] } })
    const model = await checkModel(undefined, check.context)
    expect(model).toMatchObject({ name: 'L1', mask: { sizePx: 28 } })
    expect(model?.classes).toHaveLength(12)
    expect(check.deferred).toEqual(['the graphs of its model are compared with model.yaml'])
  })

  it('has the problems of its model.yaml reported at the input', async () => {
    const check = testCheck({
      inputs: { model: [modelFacets(yaml.replace('background_index: 0', 'background_index: 3'))] },
    })
    await checkModel(undefined, check.context)
    expect(check.problems).toMatchObject([
      { input: 'model', message: expect.stringMatching(/^model\.yaml:\d+:\d+: Banana has index 3/) },
    ])
  })

  it('is unpacked once in a worker, and shares graphs with the same model by path', async () => {
    const run = testRun()
    const value = stored('model', await packed())
    const first = await openModel({}, { model: value }, run.context)
    const again = await openModel({}, { model: { ...value, path: () => 'nowhere' } }, run.context)
    expect(again).toBe(first)
    expect(await openModel({ model: byPath }, {}, run.context)).toBe(first)
    expect(first.graphPath('box.onnx')).not.toBe(join(folder, 'box.onnx'))
    expect(run.scratch).toHaveLength(1)
    await run.close()
    expect(() => readFileSync(first.graphPath('box.onnx'))).toThrow('ENOENT')
  })

  it('is compared with its graphs when it is opened', async () => {
    const other = readFileSync(fileURLToPath(new URL('../../demo/models/P1/box.onnx', import.meta.url)))
    const graphs = names.map(name => stored('file', name === 'box.onnx' ? other : readFileSync(join(folder, name))))
    const { model } = await runNode(modelsAssemble, { graphs }, { spec, names })
    await expect(openModel({}, { model: stored('model', model) }, testRun().context)).rejects.toThrow(
      'model L1: box.onnx: class_logits has 4 columns',
    )
  })
})
