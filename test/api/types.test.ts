import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryProject, write } from '../helpers/project.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(checkout, 'node_modules/typescript/bin/tsc')

/** A program of somebody who installed Maskloom, with the strictest settings and the types of libraries checked. */
const folder = temporaryProject({
  'package.json': '{ "type": "module" }',
  'tsconfig.json': JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'es2023', types: ['node'] },
  }),
})
mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
symlinkSync(checkout, join(folder, 'node_modules/maskloom'))
symlinkSync(join(checkout, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))

const imports = `import { type Collection, check, defineNode, load, type PathRef, plan, run, type RunEvent, TaskError } from 'maskloom'
import { type Instances, instancesKind } from 'maskloom/values/instances'
import { nodeTests } from 'maskloom/testing'
`

const fitting = `${imports}
export const mine = defineNode<{ path: PathRef; least: number }, { instances: Collection<Instances> }>({
  name: 'mine/checked', version: 1, description: 'Mine.', mode: 'collection', lane: 'cpu',
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {}, outputs: {}, example: '',
  run: async ({ instances }, { path, least }, context) => {
    for await (const { id, value } of instances.items)
      if (value.scores.length < least) throw new TaskError({ code: 'bad-value', message: id })
    context.note(path.path)
    return { made: instancesKind.name }
  },
})
const pipeline = await load('x', { params: { list: [1, 'b'], map: { a: null } }, cache: false })
const computed: number = (await plan(pipeline, { targets: ['a'] })).totals.run
for await (const event of run(pipeline, { signal: AbortSignal.timeout(1), out: 'there' })) {
  const typed: RunEvent = event
  if (typed.type === 'task.done') console.log(typed.durationMs + computed)
}
const { problems } = await check('x')
console.log(problems[0]?.at?.file, nodeTests({ nodes: [mine] }).length)
`

const wrong: readonly (readonly [what: string, program: string, complaint: RegExp])[] = [
  ['an option that does not exist', "await load('x', { parms: {} })", /'parms' does not exist/],
  ['a value that is no data', "await load('x', { params: { a: () => 1 } })", /not assignable/],
  [
    'an event of an unknown type',
    "for await (const event of run(await load('x'))) event.type === 'done'",
    /no overlap/,
  ],
  [
    'a field of another event',
    "for await (const event of run(await load('x'))) event.durationMs",
    /'durationMs' does not/,
  ],
  ['a name in place of a pipeline', "run('x')", /not assignable/],
  ['a node without a lane', "defineNode({ name: 'a/b', version: 1, mode: 'item' })", /not assignable/],
]

/** What the compiler says, by file. */
const complaints = new Map<string, string[]>()

beforeAll(async () => {
  write(folder, { 'fitting.ts': fitting })
  for (const [i, [, program]] of wrong.entries()) write(folder, { [`wrong-${i}.ts`]: imports + program })
  const said = await promisify(execFile)(process.execPath, [compiler, '-p', '.'], { cwd: folder }).catch(
    (error: { readonly stdout: string }) => error,
  )
  for (const [, file = '', text = ''] of said.stdout.matchAll(/^(\S+?\.ts)\(.*error (TS\d+: .*)$/gm))
    complaints.set(file, [...(complaints.get(file) ?? []), text])
})

describe('the types of the package', () => {
  it('fit what the pages show', () => {
    expect(complaints.get('fitting.ts')).toBeUndefined()
  })

  it.each(wrong.map(([what, , complaint], i) => [what, `wrong-${i}.ts`, complaint] as const))(
    'do not let %s through',
    (_what, file, complaint) => {
      expect(complaints.get(file)).toContainEqual(expect.stringMatching(complaint))
    },
  )

  it('are all the compiler had to complain about', () => {
    expect([...complaints.keys()].sort()).toEqual(wrong.map((_, i) => `wrong-${i}.ts`))
  })
})
