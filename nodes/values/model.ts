import { rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { folderDigest, sha256 } from '../../engine/base/digest.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import type { PathRef, RunContext, StoredFile } from '../../engine/contract/node.ts'
import { badFile } from './bad-file.ts'
import { isCovered } from './covered-files.ts'
import { type PackedFile, packTar, unpackTar } from './tar.ts'

/** Globs of the files in a model folder that its results depend on. */
export const MODEL_FILES = ['model.yaml', '*.onnx', '*.data'] as const

const NAME = 'model'

/**
 * The content of a model folder, `model.yaml` and graphs, as one tar archive: the path of a finished scratch file that the
 * store takes over, or bytes. Nodes take it with `as: 'file'` and unpack it once per worker (`modelFolder`), so a graph is
 * never in memory on its way. Its static type is the text of model.yaml, which says all that a check needs.
 */
export type ModelValue = Uint8Array | string

export const modelKind: Kind<ModelValue> = {
  name: NAME,
  description: 'A model: its model.yaml and ONNX graphs, as a folder would hold them; delivered as a tar archive.',
  extension: 'tar',
  encode: value => value,
  decode: bytes => bytes,
  explainDifference: () => 'their model.yaml differ',
}

/** Static type of a model with this model.yaml. */
export function modelFacets(yaml: string): Facets {
  return { yaml }
}

/** The model.yaml of a model that a step will make; undefined if that step could not say. */
export function yamlInFacets(facets: Facets | undefined): string | undefined {
  const yaml = facets?.['yaml']
  return typeof yaml === 'string' ? yaml : undefined
}

/** @throws TaskError `bad-file` when the bytes of a model.yaml are no text; what it says is checked by who uses it. */
export function modelYaml(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badFile(path, undefined, 'is not UTF-8 text')
  }
}

/**
 * Packs graphs together with their model.yaml.
 * @throws TaskError `input-changed` when `spec` is no longer what the pipeline was checked with.
 */
export async function packModel(
  graphs: readonly PackedFile[],
  spec: PathRef,
  context: RunContext,
): Promise<ModelValue> {
  if (sha256(await readFile(spec.path)) !== spec.sha256)
    throw new TaskError({ code: 'input-changed', message: `${spec.path} was changed after the run was planned` })
  const target = context.scratchFile('tar')
  await packTar(
    [...graphs.filter(({ name }) => name !== 'model.yaml'), { name: 'model.yaml', path: spec.path }],
    target,
  )
  return target
}

/** The files of a folder that belong to a model. */
export async function modelFilesIn(folder: string): Promise<readonly PackedFile[]> {
  return (await readdir(folder)).filter(isModelFile).map(name => ({ name, path: join(folder, name) }))
}

/** Does a file of this name belong to a model? */
export function isModelFile(name: string): boolean {
  return isCovered(name) && (name === 'model.yaml' || name.endsWith('.onnx') || name.endsWith('.data'))
}

/**
 * The folder of a model that came through a port: unpacked on first use in this worker, however many views show it
 * images, and removed with the worker. Its digest is that of a folder of the same files, so that a model is the same one
 * whichever way it came.
 */
export async function modelFolder(model: StoredFile, context: RunContext): Promise<PathRef> {
  const holder = await context.resource(`model value ${model.sha256}`, async () => {
    const path = context.scratchFile('model')
    const listing = await unpackTar(model.path(), path)
    return {
      folder: { path, sha256: folderDigest(listing) } satisfies PathRef,
      close: async () => removeFolder(path),
    }
  })
  return holder.folder
}

function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Some systems do not remove what a session has open. The store removes it when it is opened next.
  }
}
