import { existsSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TaskError } from '../base/diagnostic.ts'

/** Tells when files change. Folders are watched with everything below, but for hidden files and ignored folders. */
export interface FileWatch {
  /** Replaces what is watched; paths that do not exist yet are noticed when they appear in a folder that does. */
  readonly follow: (paths: readonly string[], ignoredFolders: readonly string[]) => void
  /** Forgets changes so far: what is read from now on has them. */
  readonly reset: () => void
  /** Path of the first change since `reset`, once it has been quiet for a moment. */
  readonly changed: () => Promise<string>
  readonly close: () => void
}

export interface FileWatchOptions {
  /** Programs save in several steps, and people copy folders: wait until nothing happened for so long … */
  readonly quietMs?: number
  /** … but not longer than this. */
  readonly patienceMs?: number
}

export function createFileWatch({ quietMs = 200, patienceMs = 5000 }: FileWatchOptions = {}): FileWatch {
  /** By folder. Those that stay are never closed in between: no change is missed. */
  const watched = new Map<string, Watched>()
  let quiet: NodeJS.Timeout | undefined
  let first: { readonly path: string; readonly atMs: number } | undefined
  let settled = newSettled()

  function watchFolder(folder: string, interest: Interest): void {
    const known = watched.get(folder)
    if (known !== undefined) {
      known.interest = interest
      return
    }
    const watcher = watchOrExplain(folder, name => {
      const { all, names } = watched.get(folder)?.interest ?? interest
      if (name !== null && (names.has(name) || (all && !name.startsWith('.')))) note(join(folder, name))
    })
    watcher.on('error', () => forget(folder))
    watched.set(folder, { watcher, interest })
  }

  function forget(folder: string): void {
    watched.get(folder)?.watcher.close()
    watched.delete(folder)
  }

  function note(path: string): void {
    const nowMs = performance.now()
    first ??= { path, atMs: nowMs }
    const { path: cause, atMs } = first
    clearTimeout(quiet)
    quiet = setTimeout(() => settled.resolve(cause), Math.max(0, Math.min(quietMs, atMs + patienceMs - nowMs)))
  }

  return {
    follow(paths, ignoredFolders) {
      const wanted = interests(paths, ignoredFolders)
      for (const folder of [...watched.keys()]) if (!wanted.has(folder)) forget(folder)
      for (const [folder, interest] of wanted) watchFolder(folder, interest)
    },
    reset() {
      clearTimeout(quiet)
      first = undefined
      settled = newSettled()
    },
    changed: () => settled.promise,
    close() {
      clearTimeout(quiet)
      for (const folder of [...watched.keys()]) forget(folder)
    },
  }
}

/** What counts in a folder: everything but hidden files, or only these names. */
interface Interest {
  all: boolean
  readonly names: Set<string>
}

interface Watched {
  readonly watcher: FSWatcher
  interest: Interest
}

function interests(paths: readonly string[], ignoredFolders: readonly string[]): ReadonlyMap<string, Interest> {
  const found = new Map<string, Interest>()
  const at = (folder: string): Interest => {
    const interest = found.get(folder) ?? { all: false, names: new Set() }
    found.set(folder, interest)
    return interest
  }
  for (const path of new Set(paths)) {
    if (isFolder(path)) for (const folder of foldersIn(path, ignoredFolders)) at(folder).all = true
    // The folder of a file is watched: programs save by renaming, and the name then has another file.
    if (isFolder(dirname(path))) at(dirname(path)).names.add(basename(path))
  }
  return found
}

function newSettled(): { readonly promise: Promise<string>; readonly resolve: (path: string) => void } {
  let resolve: (path: string) => void = () => {}
  const promise = new Promise<string>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

function watchOrExplain(folder: string, onChange: (name: string | null) => void): FSWatcher {
  try {
    return watch(folder, (_, name) => onChange(name))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new TaskError(
      {
        code: 'too-many-files',
        message: `${folder} cannot be watched (${code})`,
        fix:
          code === 'ENOSPC' || code === 'EMFILE'
            ? 'the system allows no more watches: raise fs.inotify.max_user_watches and max_user_instances, or run without --watch'
            : 'run without --watch',
      },
      { cause: error },
    )
  }
}

/** A folder and those below it. One watch on each tells of all files in it, however many there are. */
function foldersIn(folder: string, ignored: readonly string[]): readonly string[] {
  if (ignored.includes(folder)) return []
  const below = readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(entry => foldersIn(join(folder, entry.name), ignored))
  return [folder, ...below]
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
