import { isAbsolute, resolve } from 'node:path'
import type { Diagnostic } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { leastMemoryBytes, leastMemoryWords, parseBytes, sizeText, sizeWords } from '../base/quantity.ts'
import type { Loaded, Locate } from '../contract/pipeline.ts'
import { isUnreadable, locator } from './locate.ts'
import { parseYaml } from './parse.ts'
import { type JsonMap, mapOf, texts } from './shapes.ts'
import type { Schema } from './step-schema.ts'

/** `maskloom.config.yaml` as read; everything in it is optional, and the command line wins over it. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string
  /** Absolute. */
  readonly cache: string | undefined
  readonly cacheBytes: number | undefined
  /** Absolute: holds a folder for each pipeline. */
  readonly out: string | undefined
  readonly devices: readonly string[] | undefined
  readonly slots: number | undefined
  readonly workers: number | undefined
  readonly memoryBytes: number | undefined
  /** As written: paths relative to the file, or names of packages. */
  readonly nodes: readonly string[]
  readonly locate: Locate
}

const size: Schema = { anyOf: [sizeText, { type: 'integer', minimum: 1 }], 'x-expected': sizeWords }
const folder: Schema = { type: 'string', minLength: 1 }
const count: Schema = { type: 'integer', minimum: 1 }
const device: Schema = { type: 'string', minLength: 1, 'x-expected': 'a device such as `cpu` or `cuda:0`' }

export const configSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'config.schema.json',
  title: 'Maskloom config',
  description:
    'maskloom.config.yaml at the root of a project. Paths are relative to it; the command line wins over it.',
  type: 'object',
  additionalProperties: false,
  properties: {
    cache: { ...folder, description: 'Cache folder (default: `.maskloom`); `--cache`.' },
    cache_size: {
      ...size,
      description:
        'What the cache may hold, such as 50GiB (default: a quarter of the disk, at most 100 GB); `--cache-size`.',
    },
    out: { ...folder, description: 'Where outputs go, in a folder for each pipeline (default: `out`); `--out`.' },
    device: {
      anyOf: [device, { type: 'array', minItems: 1, items: device }],
      'x-expected': 'a device such as `cpu`, or a list such as [cuda:0, cuda:1]',
      description: 'Device of inference, or a list of them (default: cpu); `--device`.',
    },
    slots: { ...count, description: 'Inference workers per device; `--slots`.' },
    workers: { ...count, description: 'Threads of the cpu and io lanes; `--workers`.' },
    memory: { ...size, description: 'Memory budget, such as 4GiB (default: half of the machine); `--memory`.' },
    nodes: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Modules with your own nodes: files, or names of packages; loaded only with `--allow-nodes`.',
    },
  },
}

/** Every problem at once, with its place. An empty file is an empty config. */
export function readConfig(path: string, text: string): Loaded<ConfigFile> {
  const { tree, problems } = parseYaml(text, path)
  const locate = locator(path, tree)
  const shape = tree.json === null && !tree.unreadable ? [] : shapeProblems()
  const all = [...problems, ...shape]
  if (all.length > 0) return { ok: false, problems: all }
  const config = toConfig(path, mapOf(tree.json), locate)
  if (config.memoryBytes === undefined || config.memoryBytes >= leastMemoryBytes) return { ok: true, value: config }
  const message = `expected ${leastMemoryWords}, found ${config.memoryBytes} bytes`
  return {
    ok: false,
    problems: [{ code: 'bad-value', message, at: locate(['memory']), fix: 'add a unit, such as GiB' }],
  }

  function shapeProblems(): readonly Diagnostic[] {
    if (tree.unreadable) return []
    return validateAgainst(configSchema, tree.json)
      .problems.filter(problem => !isUnreadable(tree, problem.path))
      .map(({ code, path: at, at: part, message, fix }) => ({
        code,
        message,
        at: locate(at, part),
        ...(fix === undefined ? {} : { fix }),
      }))
  }
}

function toConfig(path: string, json: JsonMap, locate: Locate): ConfigFile {
  const { cache, cache_size, out, device: devices, slots, workers, memory } = json
  const absolute = (value: unknown) =>
    typeof value !== 'string' ? undefined : isAbsolute(value) ? value : resolve(path, '..', value)
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
  const bytes = (value: unknown) => (typeof value === 'string' ? parseBytes(value) : number(value))
  return {
    path,
    cache: absolute(cache),
    cacheBytes: bytes(cache_size),
    out: absolute(out),
    devices: typeof devices === 'string' ? devices.split(',') : Array.isArray(devices) ? texts(devices) : undefined,
    slots: number(slots),
    workers: number(workers),
    memoryBytes: bytes(memory),
    nodes: texts(json['nodes'] ?? []),
    locate,
  }
}
