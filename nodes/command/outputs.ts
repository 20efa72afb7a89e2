import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { PathRef, RunContext, Values } from '../../engine/contract/node.ts'
import type { FileValue } from '../values/file.ts'
import type { Metrics } from '../values/metrics.ts'
import { type ModelValue, modelFilesIn, packModel } from '../values/model.ts'
import type { Table } from '../values/table.ts'
import type { Weights } from '../values/weights.ts'
import { readMetrics, readTable, readWeights } from './documents.ts'
import { failed, type WorkFolder, writtenFile, writtenModel } from './work-folder.ts'

export const OUTPUTS = ['file', 'extra', 'table', 'metrics', 'weights', 'model'] as const

/** What the parameters say about files that go in and come out. */
export interface OutputParams {
  readonly files: { readonly [name: string]: PathRef }
  readonly names: readonly string[]
  readonly outputs: { readonly [output in (typeof OUTPUTS)[number]]?: string }
  readonly spec?: PathRef
  readonly stdout?: string
}

/** What the program wrote, as values. @throws TaskError `command-failed` for what is missing or wrong. */
export async function takeOutputs(params: OutputParams, folder: WorkFolder, context: RunContext): Promise<Values> {
  const given = [...Object.keys(params.files), ...params.names]
  // An output without a file is one that nobody uses (checked): it has the empty value.
  const values: { [port: string]: unknown } = {
    file: new Uint8Array(),
    extra: new Uint8Array(),
    table: { columns: [], rows: [] } satisfies Table,
    metrics: {} satisfies Metrics,
    weights: {} satisfies Weights,
    model: new Uint8Array(),
  }
  // All declared ones are there, also those nobody wants now: a program that forgets one is wrong today, not tomorrow.
  for (const [port, name] of Object.entries(params.outputs)) {
    if (port === 'model') {
      const written = writtenModel(folder, name)
      if (context.wanted.has(port)) values[port] = await packTrained(written, name, params.spec!, context)
      continue
    }
    const path = writtenFile(folder, name, given)
    if (!context.wanted.has(port)) continue
    if (port === 'table') values[port] = await readTable(path, name)
    else if (port === 'metrics') values[port] = await readMetrics(path, name)
    else if (port === 'weights') values[port] = await readWeights(path, name)
    else values[port] = await keepFile(path, context.scratchFile(extensionOf(name)))
  }
  return values
}

/** A model.yaml that the program wrote as well must be the one that was promised. */
async function packTrained(folder: string, name: string, spec: PathRef, context: RunContext): Promise<ModelValue> {
  const own = join(folder, 'model.yaml')
  if (existsSync(own) && !(await readFile(own)).equals(await readFile(spec.path))) {
    const fix = 'let the program leave it out, or copy the file there that `spec` names'
    throw failed(`\`${name}/model.yaml\` is another one than \`spec\``, fix)
  }
  return packModel(await modelFilesIn(folder), spec, context)
}

async function keepFile(from: string, to: string): Promise<FileValue> {
  await rename(from, to)
  return to
}

export function expectedFiles({ outputs: { model: _folder, ...files }, stdout }: OutputParams): readonly string[] {
  const written = Object.values(files)
  return stdout === undefined || written.includes(stdout) ? written : [...written, stdout]
}

/** `csv` of `out/scores.csv`; `bin` without an extension. */
export function extensionOf(name: string | undefined): string {
  return extname(name ?? '').slice(1) || 'bin'
}
