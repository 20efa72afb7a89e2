import { createHash } from 'node:crypto'
import { constants, createReadStream, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { chmod, copyFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { nearestName } from '../../engine/base/typo.ts'
import type { PathRef, StoredFile } from '../../engine/contract/node.ts'
import { isModelFile } from '../values/model.ts'
import { unpackTar } from '../values/tar.ts'

/** What lies in the working folder when the program starts; names are relative paths with `/`. */
export interface WorkContent {
  /** Copied in, and checked against the digest in the key. */
  readonly files: { readonly [name: string]: PathRef }
  /** Linked: they may be large. */
  readonly folders: { readonly [name: string]: PathRef }
  /** Values of inputs, as they are stored: files as they are, documents as JSON, models as folders. */
  readonly values: readonly (readonly [name: string, value: StoredFile])[]
  /** Files the program will write; their folders are made. */
  readonly expected: readonly string[]
  /** Folders it will write into. */
  readonly expectedFolders: readonly string[]
}

export interface WorkFolder {
  readonly path: string
  /** For the program's own temporary files. */
  readonly scratch: string
  readonly remove: () => void
}

/** @param root - a path that does not exist yet. */
export async function makeWorkFolder(root: string, content: WorkContent): Promise<WorkFolder> {
  const path = join(root, 'work')
  const scratch = join(root, 'tmp')
  const remove = () => rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  mkdirSync(path, { recursive: true })
  mkdirSync(scratch)
  const place = (name: string) => {
    const target = join(path, name)
    mkdirSync(dirname(target), { recursive: true })
    return target
  }
  try {
    for (const [name, ref] of Object.entries(content.files)) await copyChecked(ref, place(name))
    for (const [name, ref] of Object.entries(content.folders)) await symlink(ref.path, place(name), 'junction')
    for (const [name, value] of content.values) {
      if (value.kind === 'model') await unpackTar(value.path(), place(name))
      else await placeFile(value.path(), place(name))
    }
    for (const name of content.expected) place(name)
    for (const name of content.expectedFolders) mkdirSync(place(name), { recursive: true })
    return { path, scratch, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** The path of a file the program was to write. @throws TaskError naming what it wrote instead. */
export function writtenFile(folder: WorkFolder, name: string, given: readonly string[]): string {
  const path = join(folder.path, name)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats?.isFile()) return path
  if (stats !== undefined) {
    const found = stats.isSymbolicLink() ? 'a link' : stats.isDirectory() ? 'a folder' : 'no ordinary file'
    throw failed(`the output \`${name}\` is ${found}; expected a file`)
  }
  const written = filesBelow(folder.path).filter(file => !given.includes(file))
  const nearest = nearestName(name, written)
  const shown = written.slice(0, 8).join(', ') + (written.length > 8 ? ', …' : '')
  throw failed(
    `the program ended well and did not write \`${name}\`; it wrote ${written.length === 0 ? 'nothing' : shown}`,
    nearest === undefined
      ? 'names under `outputs:` are relative to the working folder'
      : `did you mean \`${nearest}\`?`,
  )
}

/** The path of a folder the program was to write graphs into. @throws TaskError saying what is there instead. */
export function writtenModel(folder: WorkFolder, name: string): string {
  const path = join(folder.path, name)
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw failed(`the output \`${name}\` is no folder; expected one with the graphs of a model`)
  const written = filesBelow(path)
  if (written.some(file => isModelFile(file) && file !== 'model.yaml')) return path
  const shown = written.slice(0, 8).join(', ') + (written.length > 8 ? ', …' : '')
  throw failed(
    `the program ended well and left no graph in \`${name}\`; it wrote ${written.length === 0 ? 'nothing' : shown} there`,
    'graphs are files directly in it whose names end in .onnx, with weights of their own in .data',
  )
}

/** What is wrong with these names as files of one folder; names under a linked folder would be written into its source. */
export function nameProblems(
  names: readonly string[],
  folders: readonly string[],
): readonly { readonly name: string; readonly message: string }[] {
  const seen = new Set<string>()
  return names.flatMap(name => problemsOf(name).map(message => ({ name, message })))

  function problemsOf(name: string): readonly string[] {
    const parts = name.split('/')
    if (name === '' || parts.some(part => part === '' || part === '.' || part === '..') || /[\\\p{Cc}]/u.test(name))
      return [`${JSON.stringify(name)} is no path inside the working folder`]
    if (name.length > 200) return [`a name of ${name.length} characters is too long`]
    if (seen.has(name)) return [`\`${name}\` is used twice`]
    seen.add(name)
    const parent = [...folders, ...names].find(other => name.startsWith(`${other}/`))
    return parent === undefined ? [] : [`\`${name}\` lies in \`${parent}\`, which is an entry of its own`]
  }
}

export function failed(message: string, fix?: string, notes: readonly string[] = []): TaskError {
  return new TaskError({
    code: 'command-failed',
    message,
    ...(fix === undefined ? {} : { fix }),
    ...(notes.length === 0 ? {} : { notes: notes.map(note => ({ message: note })) }),
  })
}

/** Stored bytes are read-only; the program may write on its copy. */
async function placeFile(path: string, target: string): Promise<void> {
  await copyFile(path, target, constants.COPYFILE_FICLONE)
  await chmod(target, 0o644)
}

async function copyChecked({ path, sha256 }: PathRef, target: string): Promise<void> {
  await copyFile(path, target, constants.COPYFILE_FICLONE)
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(target)) hash.update(chunk as Uint8Array)
  if (hash.digest('hex') === sha256) return
  throw new TaskError({ code: 'input-changed', message: `${path} was changed after the run was planned` })
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
