import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  durationWords,
  leastMemoryBytes,
  leastMemoryWords,
  parseBytes,
  parseDurationMs,
  parseShare,
  shareWords,
  sizeWords,
} from '../base/quantity.ts'
import type { Shard } from '../run/item-choice.ts'

/** Options of every command that looks into a cache. What is undefined comes from the config file, or has a default. */
export interface CacheOptions {
  readonly cache?: string
  readonly allowOutside?: true
  readonly json?: true
}

export interface NodesOptions {
  /** Modules of nodes of the user's own. */
  readonly nodes: readonly string[]
}

/** Options of every command that opens a pipeline. */
export interface PipelineOptions extends CacheOptions, NodesOptions {
  readonly set: readonly string[]
  readonly params: readonly string[]
  readonly device?: string
  readonly allowNodes?: true
  readonly allowCommands?: true
}

/** Options of the commands that ask which items a run has. */
export interface ItemOptions {
  readonly shard?: Shard
  /** A file of item ids. */
  readonly items?: string
}

export interface RunOptions extends PipelineOptions, ItemOptions {
  readonly out?: string
  readonly slots?: number
  readonly workers?: number
  /** Bytes. */
  readonly memory?: number
  /** Bytes. */
  readonly cacheSize?: number
  readonly force: readonly string[]
  readonly keepGoing?: true
  /** False with --no-cache. */
  readonly cacheOn: boolean
  /** Milliseconds. */
  readonly maxTime?: number
  /** Share of the hits, in (0, 1]. */
  readonly audit?: number
  readonly dryRun?: true
  readonly watch?: true
  readonly plain?: true
}

export function addCacheOptions(command: Command): Command {
  return command
    .option('--cache <dir>', 'cache folder (default: .maskloom in the project)')
    .option('--allow-outside', 'read and write outside the project folder')
    .option('--json', 'machine-readable output on stdout')
}

export function addPipelineOptions(command: Command): Command {
  return addCacheOptions(
    addNodesOption(
      command
        .addOption(repeatable('--set <name=value>', 'value of a parameter'))
        .addOption(repeatable('--params <file>', 'YAML file with parameter values'))
        .option('--device <list>', 'cpu (the default), or devices such as cuda:0,cuda:1'),
    )
      .option('--allow-nodes', 'load the nodes that maskloom.config.yaml names')
      .option('--allow-commands', 'let the pipeline run programs'),
  )
}

export function addNodesOption(command: Command): Command {
  return command.addOption(repeatable('--nodes <module>', 'nodes of your own: a JavaScript file or a package'))
}

export function addItemOptions(command: Command): Command {
  return command
    .option('--shard <i/n>', 'only the i-th of n contiguous parts of the items', shard)
    .option('--items <file>', 'only the items whose ids are in this file, one per line')
}

export function addRunOptions(command: Command): Command {
  return addItemOptions(addPipelineOptions(command))
    .option('--out <dir>', 'where outputs go (default: out/<pipeline> in the project)')
    .option('--slots <n>', 'inference workers per device', wholeNumber)
    .option('--workers <n>', 'threads of the cpu and io lanes', wholeNumber)
    .option('--memory <size>', 'memory budget, such as 4GiB (default: half of the machine)', memory)
    .addOption(cacheSizeOption())
    .addOption(repeatable('--force <step>', 'run this step although it is cached'))
    .option('--keep-going', 'finish what does not depend on a failed task')
    .option('--no-cache', 'keep nothing: a throw-away cache')
    .option(
      '--max-time <duration>',
      'stop after this long, such as 8h30m: finish what has begun, exit with 3',
      duration,
    )
    .option('--audit <percent>', 'compute this share of the hits again and compare, such as 1%', share)
    .option('--dry-run', 'show what would run, and why; the same as `maskloom plan`')
    .addOption(
      new Option('--watch', 'run again whenever the pipeline or a file it reads changes; Ctrl-C ends it').conflicts([
        'dryRun',
        'maxTime',
      ]),
    )
    .option('--plain', 'plain lines instead of the screen')
}

export function cacheSizeOption(): Option {
  const text = 'what the cache may hold, such as 50GiB (default: a quarter of the disk, at most 100 GB)'
  return new Option('--cache-size <size>', text).argParser(size)
}

function repeatable(flags: string, text: string): Option {
  const collect = (value: string, earlier: readonly string[]) => [...earlier, value]
  return new Option(flags, `${text} (repeatable)`).argParser(collect).default([], 'none')
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1.')
  return value
}

function size(text: string): number {
  return understood(parseBytes(text), sizeWords)
}

function memory(text: string): number {
  const bytes = size(text)
  if (bytes < leastMemoryBytes) throw new InvalidArgumentError(`expected ${leastMemoryWords}; is the unit missing?`)
  return bytes
}

/** Timers of Node count to 2³¹ ms. */
const maxDurationMs = 24 * 86_400_000

function duration(text: string): number {
  const ms = understood(parseDurationMs(text), durationWords)
  if (ms <= 0 || ms > maxDurationMs) throw new InvalidArgumentError('expected more than nothing and at most 24d.')
  return ms
}

function share(text: string): number {
  return understood(parseShare(text), `${shareWords}, such as 1%`)
}

function shard(text: string): Shard {
  const match = /^\s*(\d{1,9})\s*\/\s*(\d{1,9})\s*$/.exec(text)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null) throw new InvalidArgumentError('expected i/n, such as 2/4 for the second of four parts.')
  if (index < 1 || index > count)
    throw new InvalidArgumentError(
      `expected i/n with i from 1 to n; parts are counted from 1, so the last is ${count}/${count}.`,
    )
  return { index, count }
}

function understood<T>(value: T | undefined, expected: string): T {
  if (value === undefined) throw new InvalidArgumentError(`expected ${expected}.`)
  return value
}
