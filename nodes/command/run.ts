import {
  type CheckContext,
  defineNode,
  type PathRef,
  type RunContext,
  type StoredFile,
} from '../../engine/contract/node.ts'
import { checkFile } from '../values/bad-file.ts'
import { modelFacets, modelYaml } from '../values/model.ts'
import { execute } from './execute.ts'
import type { ProgramEnd } from './guard.ts'
import { expectedFiles, extensionOf, OUTPUTS, type OutputParams, takeOutputs } from './outputs.ts'
import { commandWords, programEnvironment, programProblem } from './program.ts'
import { openTurns } from './turns.ts'
import { failed, makeWorkFolder, nameProblems, type WorkFolder } from './work-folder.ts'

interface Params extends OutputParams {
  readonly run: readonly (string | number)[]
  readonly shell: boolean
  readonly folders: { readonly [name: string]: PathRef }
  readonly env: { readonly [name: string]: string | number }
  readonly pass_env: readonly string[]
}

const variable = '^[A-Za-z_][A-Za-z0-9_]*$'

export const commandRun = defineNode<Params, { inputs?: readonly StoredFile[] }>({
  name: 'command/run',
  version: 1,
  description:
    'Runs a program in a fresh folder that holds what is declared here, and takes the files it writes. The program must give the same result for the same inputs; what it depends on beyond them belongs under `fingerprint`. Needs --allow-commands.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['run', 'outputs'],
    properties: {
      run: {
        type: 'array',
        items: { type: ['string', 'number'] },
        minItems: 1,
        description: 'The program and its arguments, each a word of its own; nothing in them is expanded.',
      },
      shell: {
        type: 'boolean',
        default: false,
        description: 'Gives the one text under `run` to the shell (sh) instead.',
      },
      files: {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-path': 'file',
        default: {},
        description: 'Files to copy into the working folder: name there → path.',
      },
      folders: {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-path': 'folder',
        default: {},
        description: 'Folders to link into the working folder, only to be read: name there → path.',
      },
      names: {
        type: 'array',
        items: { type: 'string' },
        default: [],
        description: 'What the inputs are called in the working folder, in their order.',
      },
      env: {
        type: 'object',
        additionalProperties: { type: ['string', 'number'] },
        propertyNames: { pattern: variable },
        default: {},
        description: 'Environment variables, beside PATH, HOME, LANG, TZ and TMPDIR.',
      },
      pass_env: {
        type: 'array',
        items: { type: 'string', pattern: variable },
        uniqueItems: true,
        default: [],
        examples: [['CUDA_VISIBLE_DEVICES'], ['HF_HOME', 'NAME']],
        'x-key': false,
        description: 'Environment variables passed on as they are; the result must not depend on them.',
      },
      fingerprint: {
        type: 'string',
        description: 'Anything else the result depends on, such as versions of programs; it only goes into the key.',
      },
      outputs: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: {
          file: { type: 'string', description: 'The file behind the output `file`.' },
          extra: { type: 'string', description: 'The file behind the output `extra`.' },
          table: { type: 'string', description: 'JSON file {columns, rows} behind the output `table`.' },
          metrics: { type: 'string', description: 'JSON file {group: {name: number}} behind the output `metrics`.' },
          weights: { type: 'string', description: 'JSON file {axis: {id: number}} behind the output `weights`.' },
          model: { type: 'string', description: 'Folder with the graphs behind the output `model`; it needs `spec`.' },
        },
        description: 'Files the program writes, by output; paths in the working folder.',
      },
      spec: {
        type: 'string',
        'x-path': 'file',
        description: 'The model.yaml of the output `model`: its class list is known before the program has run.',
      },
      stdout: {
        type: 'string',
        description: 'File in the working folder that gets what the program prints; it may be one of the outputs.',
      },
    },
  },
  inputs: {
    inputs: {
      kind: ['file', 'table', 'metrics', 'classes', 'hierarchy', 'selection', 'weights', 'model'],
      per: 'collection',
      many: 'ordered',
      as: 'file',
      optional: true,
      mixedFacets: true,
      description: 'Values put into the working folder: files as they are, models as folders, the others as JSON.',
    },
  },
  outputs: {
    file: {
      kind: 'file',
      per: 'collection',
      extension: (params: Params) => extensionOf(params.outputs?.file),
      description: 'The file named under `outputs: { file }`.',
    },
    extra: {
      kind: 'file',
      per: 'collection',
      extension: (params: Params) => extensionOf(params.outputs?.extra),
      description: 'The file named under `outputs: { extra }`.',
    },
    table: { kind: 'table', per: 'collection', description: 'The table named under `outputs: { table }`.' },
    metrics: { kind: 'metrics', per: 'collection', description: 'The numbers named under `outputs: { metrics }`.' },
    weights: { kind: 'weights', per: 'collection', description: 'The weights named under `outputs: { weights }`.' },
    model: {
      kind: 'model',
      per: 'collection',
      description: 'The graphs in the folder named under `outputs: { model }`, with `spec` as their model.yaml.',
    },
  },
  example: `
calibrated:
  uses: command/run
  with:
    run: [python3, calibrate.py, scores.json, --bins, "15"]
    files: { calibrate.py: scripts/calibrate.py }
    names: [scores.json]
    outputs: { table: calibrated.json }
  in: { inputs: [score.metrics] }
`,
  types: async (params, context) => {
    for (const { param, message, fix } of paramProblems(params, context))
      context.problem({ param, message, ...(fix === undefined ? {} : { fix }) })
    if (!context.permits.commands) {
      context.problem({
        code: 'needs-permission',
        param: 'run',
        message: `this step runs a program (\`${params.run[0]}\`), which a pipeline may not do by itself`,
        fix: 'if you trust the pipeline, allow it: --allow-commands',
      })
    }
    const { spec } = params
    const yaml = spec && (await checkFile(context, 'spec', () => modelYaml(spec.path, context.readFile(spec.path))))
    return yaml === undefined ? {} : { model: modelFacets(yaml) }
  },
  run: async ({ inputs = [] }, params, context) => {
    const turns = await context.resource('command turns', openTurns)
    const folder = await makeWorkFolder(context.scratchFile('command'), {
      files: params.files,
      folders: params.folders,
      values: inputs.map((value, i) => [params.names[i]!, value] as const),
      expected: expectedFiles(params),
      expectedFolders: params.outputs.model === undefined ? [] : [params.outputs.model],
    })
    try {
      await turns.take(() => runProgram(params, folder, context))
      return await takeOutputs(params, folder, context)
    } finally {
      folder.remove()
    }
  },
})

interface ParamProblem {
  readonly param: string
  readonly message: string
  readonly fix?: string
}

function paramProblems(params: Params, { inputs, used, permits }: CheckContext): readonly ParamProblem[] {
  const { run, shell, files, folders, names, env, outputs } = params
  const problems: ParamProblem[] = []
  const count = inputs['inputs']?.length ?? 0
  if (names.length !== count) {
    const message = `${names.length} names for ${count} inputs`
    problems.push({ param: 'names', message, fix: 'write one name for each, in the order of `in: { inputs: [ … ] }`' })
  }
  const fileNames = Object.keys(files)
  const folderNames = Object.keys(folders)
  const all = [
    ...fileNames,
    ...folderNames,
    ...names,
    ...expectedFiles(params),
    ...(outputs.model ? [outputs.model] : []),
  ]
  for (const { name, message } of nameProblems(all, folderNames)) {
    const param = names.includes(name) ? 'names' : name in files ? 'files' : name in folders ? 'folders' : 'outputs'
    problems.push({ param, message })
  }
  if ((outputs.model === undefined) !== (params.spec === undefined)) {
    const [param, message, fix] =
      params.spec === undefined
        ? ([
            'outputs',
            'what the model is cannot be known before the program has run',
            'name its model.yaml: `spec: …`',
          ] as const)
        : (['spec', 'a model.yaml without a model', 'add `model: <folder>` under `outputs:`'] as const)
    problems.push({ param, message, fix })
  }
  for (const output of OUTPUTS) {
    if (!used.has(output) || outputs[output] !== undefined) continue
    const message = `the output \`${output}\` is used, and no file is named for it`
    problems.push({ param: 'outputs', message, fix: `add \`${output}: <file>\` under \`outputs:\`` })
  }
  if (shell && run.length !== 1)
    problems.push({ param: 'run', message: `with \`shell: true\`, \`run\` is one text, found ${run.length}` })
  // Programs are only looked for on behalf of somebody who allowed running them.
  if (shell || !permits.commands) return problems
  const present = { files: [...fileNames, ...names], folders: folderNames }
  const missing = programProblem(String(run[0]), String(env['PATH'] ?? process.env['PATH'] ?? ''), present)
  return missing === undefined ? problems : [...problems, { param: 'run', ...missing }]
}

async function runProgram(params: Params, folder: WorkFolder, context: RunContext): Promise<void> {
  context.signal.throwIfAborted()
  const { stdout } = params
  const { end, tail } = await execute(
    {
      words: commandWords(params.run.map(String), params.shell),
      directory: folder.path,
      environment: programEnvironment(params.env, params.pass_env, folder.scratch),
    },
    stdout === undefined ? undefined : `${folder.path}/${stdout}`,
    context.signal,
  )
  if ('exitCode' in end && end.exitCode === 0) return
  throw failed(`\`${shown(params.run.map(String))}\` ${describeEnd(end)}`, undefined, tail)
}

function describeEnd(end: ProgramEnd): string {
  if ('error' in end) return `could not be started: ${end.error}`
  return 'signal' in end ? `was ended by ${end.signal}` : `ended with exit code ${end.exitCode}`
}

function shown(run: readonly string[]): string {
  const text = run.map(word => (/^[\w./:=,@%+-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
