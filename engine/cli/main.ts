import { Command } from 'commander'
import { packageVersion } from '../api/project.ts'
import { addCacheCommands } from './cache-program.ts'
import {
  addCacheOptions,
  addItemOptions,
  addNodesOption,
  addPipelineOptions,
  addRunOptions,
  type CacheOptions,
  type ItemOptions,
  type NodesOptions,
  type PipelineOptions,
  type RunOptions,
} from './options.ts'
import { exitCode, sayingProblems } from './say.ts'

/** The composition root: arguments in, exit code out. Commands are loaded when they are used, for a quick `--help`. */
const program = new Command('maskloom')
  .description('Runs instance-segmentation ensembles as declarative, cached, resumable pipelines.')
  .version(packageVersion())
  .showSuggestionAfterError()
  .configureHelp({ sortOptions: false })
  .exitOverride()

addRunOptions(
  program
    .command('run <pipeline> [targets...]')
    .description('run a pipeline (a file, or the name of one in pipelines/)'),
).action(
  async (
    pipeline: string,
    targets: string[],
    flags: Omit<RunOptions, 'cacheOn' | 'cache'> & { cache?: string | false },
  ) => {
    const { cache, ...rest } = flags
    const options = { ...rest, cacheOn: cache !== false, ...(typeof cache === 'string' ? { cache } : {}) } as RunOptions
    await act(async () => (await import('./commands/run.ts')).runCommand(pipeline, targets, options), options)
  },
)

addPipelineOptions(
  program.command('check <pipeline>').description('find everything that is wrong with a pipeline, without running it'),
).action(async (pipeline: string, options: PipelineOptions) =>
  act(async () => (await import('./commands/check.ts')).checkCommand(pipeline, options), options),
)

addItemOptions(
  addPipelineOptions(program.command('plan <pipeline> [targets...]').description('show what a run would do, and why')),
)
  .option('--cells', 'every cell on a line of its own')
  .action(async (pipeline: string, targets: string[], options: PipelineOptions & ItemOptions & { cells?: true }) =>
    act(async () => (await import('./commands/plan.ts')).planCommand(pipeline, targets, options), options),
  )

addPipelineOptions(
  program.command('why <pipeline> <step> [item]').description('explain why a step would run, or why it is a hit'),
).action(async (pipeline: string, step: string, item: string | undefined, options: PipelineOptions) =>
  act(async () => (await import('./commands/why.ts')).whyCommand(pipeline, step, item, options), options),
)

addPipelineOptions(
  program
    .command('cost <pipeline> <step>')
    .description('show what each cell of a step takes from nothing, as recorded'),
).action(async (pipeline: string, step: string, options: PipelineOptions) =>
  act(async () => (await import('./commands/cost.ts')).costCommand(pipeline, step, options), options),
)

addPipelineOptions(program.command('graph <pipeline>').description('print the graph as Mermaid text or DOT'))
  .option('--format <form>', 'mermaid or dot', 'mermaid')
  .action(async (pipeline: string, options: PipelineOptions & { format: string }) =>
    act(async () => (await import('./commands/graph.ts')).graphCommand(pipeline, options), options),
  )

addNodesOption(program.command('nodes [name]').description('list the nodes, or show one')).action(
  async (name: string | undefined, options: NodesOptions) =>
    act(async () => (await import('./commands/nodes.ts')).nodesCommand(name, options)),
)

addNodesOption(program.command('schema').description('print the JSON Schema of pipelines with all nodes'))
  .option('--write <dir>', 'write all schema files into this folder')
  .action(async (options: NodesOptions & { write?: string }) =>
    act(async () => (await import('./commands/schema.ts')).schemaCommand(options)),
  )

addCacheCommands(program, act)

addCacheOptions(
  program
    .command('runs')
    .description('list past runs, or show one')
    .argument('[words...]', 'a run id or `last`; `show RUN`; `diff RUN RUN`')
    .option('--html <file>', 'write the report of the run as an HTML page'),
).action(async (words: string[], options: CacheOptions & { html?: string }) =>
  act(async () => (await import('./commands/runs.ts')).runsCommand(words, options), options),
)

async function act(command: () => Promise<number>, { json }: { readonly json?: true } = {}): Promise<void> {
  process.exitCode = await sayingProblems(json === true, command)
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = await explain(error)
}

/** Commander has already printed what was wrong with the arguments; problems print as such; the rest is a bug. */
async function explain(error: unknown): Promise<number> {
  const { CommanderError } = await import('commander')
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.wrong
  const { TaskError } = await import('../base/diagnostic.ts')
  if (error instanceof TaskError) {
    const { sayProblems } = await import('./say.ts')
    sayProblems([error.diagnostic], false)
    return exitCode.failed
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCode.failed
}
