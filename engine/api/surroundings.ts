import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs'
import { globSync } from 'tinyglobby'
import type { Loaded, PipelineFile } from '../contract/pipeline.ts'
import type { Store } from '../contract/store.ts'
import { loadPipeline } from '../load/load.ts'
import type { Surroundings } from '../plan/surroundings.ts'

/** The real world, as compiling sees it. */
export function realSurroundings(
  store: Store,
  given: Pick<Surroundings, 'root' | 'allowOutside' | 'permits' | 'device' | 'environment'>,
): Surroundings {
  const loaded = new Map<string, Loaded<PipelineFile>>()
  return {
    loadPipeline(path) {
      const known = loaded.get(path) ?? loadPipeline(path, file => readFileSync(file, 'utf8'))
      loaded.set(path, known)
      return known
    },
    realPath,
    kindOfPath,
    readFile: path => readFileSync(path),
    fileDigest: path => store.fileDigest(path).sha256,
    listFiles,
    memo: store.memo,
    ...given,
  }
}

/** Sorted by code unit. Hidden files do not count, and links only if asked for. */
export function listFiles(folder: string, globs: readonly string[], links?: 'links'): readonly string[] {
  return globSync([...globs], {
    cwd: folder,
    onlyFiles: true,
    followSymbolicLinks: links !== undefined,
    expandDirectories: false,
  }).sort()
}

export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function kindOfPath(path: string): ReturnType<Surroundings['kindOfPath']> {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return 'missing'
    accessSync(path, constants.R_OK)
    return stats.isDirectory() ? 'folder' : 'file'
  } catch {
    return 'unreadable'
  }
}
