import { readdir } from 'node:fs/promises'

/**
 * What of a folder may be read: the key of a step with a folder as parameter has the digests of its files, without those
 * that are hidden. A result that depended on one of them would be found again when that has changed.
 */

/** @param name below the folder, with / or \ between its parts. */
export function isCovered(name: string): boolean {
  return !name.split(/[/\\]/).some(part => part.startsWith('.'))
}

/** Names of the files in a folder and its subfolders, with /, sorted by code unit. */
export async function coveredFiles(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).map(name => name.replaceAll('\\', '/'))
  return names.filter(name => name.endsWith(ending) && isCovered(name)).sort()
}
