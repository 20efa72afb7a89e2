import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { commandRun } from '../../nodes/command/run.ts'
import { unpackTar } from '../../nodes/values/tar.ts'
import { runNode, testCheck, testRun } from '../helpers/run-context.ts'
import { stored } from '../helpers/stored.ts'

/** Programs that take and make models and weights. */

const yaml = 'name: student\n'
const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
writeFileSync(join(folder, 'model.yaml'), yaml)
const spec = { path: join(folder, 'model.yaml'), sha256: sha256(yaml) }
const usual = { shell: false, files: {}, folders: {}, names: [], env: {}, pass_env: [] }

/** Runs a script of node that makes a model in `out`. */
function train(code: string, changes: object = {}, inputs: object = {}) {
  const params = { ...usual, run: [process.execPath, '-e', code], outputs: { model: 'out' }, spec, ...changes }
  return runNode(commandRun, inputs as never, params, testRun({ wanted: Object.keys(commandRun.outputs) }))
}

const unpacked = async (model: unknown) => {
  const to = join(mkdtempSync(join(folder, 'unpacked-')), 'model')
  await unpackTar(model as string, to)
  return Object.fromEntries(readdirSync(to).map(name => [name, readFileSync(join(to, name), 'utf8')]))
}

describe('a program that makes a model', () => {
  it('leaves graphs in a folder that is there, and other files behind', async () => {
    const { model } = await train(
      'fs.writeFileSync("out/a.onnx", "graph"); fs.writeFileSync("out/a.data", "weights"); fs.writeFileSync("out/log", "")',
    )
    expect(await unpacked(model)).toEqual({ 'a.onnx': 'graph', 'a.data': 'weights', 'model.yaml': yaml })
  })

  it('may write the model.yaml that was promised', async () => {
    const write = `fs.writeFileSync("out/a.onnx", "g"); fs.writeFileSync("out/model.yaml", ${JSON.stringify(yaml)})`
    expect(await unpacked((await train(write))['model'])).toEqual({ 'a.onnx': 'g', 'model.yaml': yaml })
  })

  it.each([
    ['leaves nothing', '', 'left no graph in `out`; it wrote nothing there'],
    ['leaves something else', 'fs.writeFileSync("out/a.pt", "")', 'left no graph in `out`; it wrote a.pt there'],
    ['takes the folder away', 'fs.rmdirSync("out")', 'the output `out` is no folder'],
    [
      'writes another model.yaml',
      'fs.writeFileSync("out/a.onnx", ""); fs.writeFileSync("out/model.yaml", "name: other")',
      '`out/model.yaml` is another one than `spec`',
    ],
  ])('fails when it %s', async (_, code, message) => {
    await expect(train(code)).rejects.toThrow(message)
  })

  it('finds a model that it starts from as a folder, and may write on it', async () => {
    const { model } = await train('fs.writeFileSync("out/a.onnx", "graph of the teacher")')
    const { model: next } = await train(
      'fs.appendFileSync("start/a.onnx", ", improved"); fs.copyFileSync("start/a.onnx", "out/a.onnx")',
      { names: ['start'] },
      { inputs: [stored('model', model)] },
    )
    expect(await unpacked(next)).toMatchObject({ 'a.onnx': 'graph of the teacher, improved' })
    expect(await unpacked(model)).toMatchObject({ 'a.onnx': 'graph of the teacher' })
  })
})

describe('a program that finds weights', () => {
  const find = (weights: unknown) =>
    train(`fs.writeFileSync("w.json", ${JSON.stringify(JSON.stringify(weights))})`, {
      outputs: { weights: 'w.json' },
      spec: undefined,
    })

  it('writes them as JSON', async () => {
    expect(await find({ model: { L1: 2, L3: 0 } })).toMatchObject({ weights: { model: { L1: 2, L3: 0 } } })
  })

  it('fails when they are none', async () => {
    await expect(find({ model: { L1: -1 } })).rejects.toThrow('w.json: model / L1 is -1; expected a number from 0')
    await expect(find({ L1: 2 })).rejects.toThrow('w.json: the axis L1 is not a map')
  })
})

describe('checking such a program', () => {
  const check = async (params: object) => {
    const { context, problems } = testCheck({ readFile: readFileSync })
    const types = await commandRun.types!({ ...usual, run: ['sh'], ...params } as never, context)
    return { types, problems }
  }

  it('gives the model.yaml as static type of what is not there yet', async () => {
    expect(await check({ outputs: { model: 'out' }, spec })).toEqual({ types: { model: { yaml } }, problems: [] })
  })

  it.each([
    ['a model without spec', { outputs: { model: 'out' } }, 'outputs', 'what the model is cannot be known'],
    ['a spec without model', { outputs: { file: 'o' }, spec }, 'spec', 'a model.yaml without a model'],
    ['a file inside the folder', { outputs: { model: 'out', file: 'out/log' }, spec }, 'outputs', 'lies in `out`'],
  ])('finds %s', async (_, params, param, message) => {
    const { problems } = await check(params)
    expect(problems).toMatchObject([{ param, message: expect.stringContaining(message) }])
  })
})
