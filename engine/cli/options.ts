import { type Command, InvalidArgumentError, Option } from 'commander'
import { defaultMemoryBytes } from '../api/defaults.ts'

/** Options of every command that opens a pipeline. */
export interface PipelineOptions {
  readonly set: readonly string[]
  readonly params: readonly string[]
  readonly cache?: string
  readonly device: string
  readonly nodes: readonly string[]
  readonly allowOutside?: true
  readonly allowCommands?: true
  readonly allowNodes?: true
  readonly json?: true
}

export interface RunOptions extends PipelineOptions {
  readonly out?: string
  readonly slots?: number
  readonly workers?: number
  readonly memory: number
  readonly force: readonly string[]
  readonly keepGoing?: true
  /** False with --no-cache. */
  readonly cacheOn: boolean
  readonly plain?: true
}

export function addPipelineOptions(command: Command): Command {
  return command
    .option('--set <name=value>', 'value of a parameter (repeatable)', collect, [])
    .option('--params <file>', 'YAML file with parameter values (repeatable)', collect, [])
    .option('--cache <dir>', 'cache folder (default: .maskloom in the project)')
    .option('--device <list>', 'cpu, or devices such as cuda:0,cuda:1', 'cpu')
    .option('--nodes <module>', 'nodes of your own: a JavaScript file or a package (repeatable)', collect, [])
    .option('--allow-outside', 'read and write outside the project folder')
    .option('--allow-commands', 'let the pipeline run programs')
    .option('--allow-nodes', 'load the nodes that maskloom.config.yaml names')
    .option('--json', 'machine-readable output on stdout')
}

export function addRunOptions(command: Command): Command {
  return addPipelineOptions(command)
    .option('--out <dir>', 'where outputs go (default: out/<pipeline> in the project)')
    .option('--slots <n>', 'inference workers per device', wholeNumber)
    .option('--workers <n>', 'threads of the cpu and io lanes', wholeNumber)
    .addOption(
      new Option('--memory <size>', 'memory budget, such as 4GiB')
        .argParser(bytes)
        .default(defaultMemoryBytes(), 'half of the machine'),
    )
    .option('--force <step>', 'run this step although it is cached (repeatable)', collect, [])
    .option('--keep-going', 'finish what does not depend on a failed task')
    .option('--no-cache', 'keep nothing: a throw-away cache')
    .option('--plain', 'plain lines instead of the screen')
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number of at least 1')
  return value
}

/** `600MiB`, `4GiB`, `4G`, or bytes. */
export function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text)
  if (match === null) throw new InvalidArgumentError('expected a size such as 600MiB or 4GiB')
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase())
  const base = (match[3] ?? 'ib').toLowerCase() === 'b' && power > 0 ? 1000 : 1024
  return Math.round(Number(match[1]) * base ** power)
}
