import { dirname, resolve } from 'node:path'
import { type Digest, folderDigest, recordDigest } from '../base/digest.ts'
import type { PathRef } from '../contract/node.ts'
import { wayOutside } from './outside.ts'
import type { Problem } from './problems.ts'
import type { ProtoStep } from './proto.ts'
import type { Surroundings } from './surroundings.ts'

/** A path parameter to read: `hashed` unless the items made from the folder carry its content. */
interface Wanted {
  readonly name: string
  readonly path: string
  readonly form: 'file' | 'folder'
  readonly globs: readonly string[]
  readonly hashed: boolean
}

export type ReadPath = (
  step: ProtoStep,
  name: string,
  text: string,
  form: 'file' | 'folder',
  globs: readonly string[],
) => PathRef | Problem

/** Reads the paths of parameters, each once however many cells name it. */
export function createPathReader(surroundings: Surroundings): ReadPath {
  const known = new Map<string, PathRef | Problem>()
  return (step, name, text, form, globs) => {
    const path = resolve(dirname(step.instance.file.path), text)
    const wanted = { name, path, form, globs, hashed: step.node.mode !== 'files' }
    const key = JSON.stringify(wanted)
    const found = known.get(key) ?? readPath(wanted, surroundings)
    known.set(key, found)
    return found
  }
}

function readPath(wanted: Wanted, surroundings: Surroundings): PathRef | Problem {
  const { name, path, form } = wanted
  const outside = wayOutside(surroundings, path)
  if (outside !== undefined) {
    return {
      code: 'outside-root',
      message: `\`${name}\` is ${path}, ${outside}`,
      fix: 'move the data into the project, or run with --allow-outside',
    }
  }
  const found = surroundings.kindOfPath(path)
  if (found === 'unreadable') return unreadable(name, path)
  if (found !== form) {
    return {
      code: 'missing-file',
      message: `\`${name}\` needs a ${form}, and ${path} is ${found === 'missing' ? 'not there' : `a ${found}`}`,
      fix: 'a path in a file is relative to that file, one after --set to the working directory',
    }
  }
  try {
    return form === 'file' ? { path, sha256: surroundings.fileDigest(path) } : folderRef(wanted, surroundings)
  } catch (error) {
    const { code, path: at } = error as { readonly code?: unknown; readonly path?: unknown }
    if (typeof code !== 'string') throw error
    return unreadable(name, typeof at === 'string' ? at : path)
  }
}

function folderRef({ name, path, globs, hashed }: Wanted, surroundings: Surroundings): PathRef | Problem {
  const files = surroundings.listFiles(path, globs)
  if (files.length === 0) {
    const message = `\`${name}\`: ${path} holds no file that matches ${globs.join(', ')}`
    return { code: 'missing-file', message, fix: 'name another folder, or put the files there' }
  }
  if (!hashed) return { path, sha256: '' }
  const link = surroundings.listFiles(path, globs, 'links').find(file => !files.includes(file))
  if (link !== undefined) {
    const message = `\`${name}\`: ${path}/${link} is reached through a link, and links inside a folder are not followed`
    return { code: 'bad-file', message, fix: 'put the file itself there' }
  }
  const listing = files.map(file => [file, surroundings.fileDigest(`${path}/${file}`)] as const)
  const sha256 = folderDigest(listing)
  const memory = listingName(sha256)
  if (surroundings.memo.get(memory) === undefined) surroundings.memo.set(memory, JSON.stringify(listing))
  return { path, sha256 }
}

/** The name under which the files of a folder are remembered by its digest, as `[path, sha256][]`: `why` compares them. */
export function listingName(folderSha256: Digest): Digest {
  return recordDigest('maskloom.folder-listing.1', [folderSha256])
}

function unreadable(name: string, path: string): Problem {
  return { code: 'unreadable-file', message: `\`${name}\`: ${path} may not be read`, fix: 'check its permissions' }
}
