import { realpathSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { TaskError } from '../base/diagnostic.ts'

/**
 * Looks at every folder that outputs go to, once: what is there must really lie in one of `folders`, with links
 * followed. A folder that does not exist yet lies where the nearest one above it lies.
 * @param folders - undefined: anywhere.
 * @throws TaskError `outside-root`
 */
export function outputGuard(folders: readonly string[] | undefined): (file: string) => void {
  const allowed = folders?.map(folder => nearestReal(folder))
  const seen = new Set<string>()
  return file => {
    const folder = dirname(file)
    if (allowed === undefined || seen.has(folder)) return
    seen.add(folder)
    const real = nearestReal(folder)
    if (allowed.some(one => contains(one, real))) return
    throw new TaskError({
      code: 'outside-root',
      message: `the output ${file} would be written to ${real}, outside the project: there is a link on the way`,
      fix: 'remove the link, name a folder with --out, or run with --allow-outside',
    })
  }
}

function nearestReal(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return realpathSync(at)
    } catch (error) {
      // Not there, no folder, not ours to look at: whoever writes will say.
      if (dirname(at) === at) throw error
    }
  }
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[A-Za-z]:|^[/\\]/.test(way))
}
