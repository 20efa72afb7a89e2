import { isAbsolute, relative } from 'node:path'
import type { Surroundings } from './surroundings.ts'

/**
 * How a path leads out of the project, as the end of a sentence, or undefined if it does not or may. Links count as the
 * places they lead to.
 */
export function wayOutside(
  { root, allowOutside, realPath }: Pick<Surroundings, 'root' | 'allowOutside' | 'realPath'>,
  path: string,
): string | undefined {
  if (allowOutside) return undefined
  if (isOutside(root, path)) return `outside the project (${root})`
  const real = realPath(path)
  if (real === undefined || !isOutside(realPath(root) ?? root, real)) return undefined
  return `a link to ${real}, outside the project (${root})`
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '..' || way.startsWith('../') || way.startsWith('..\\') || isAbsolute(way)
}
