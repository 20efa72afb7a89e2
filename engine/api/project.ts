import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { globSync } from 'tinyglobby'
import type { Diagnostic } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'

/** Folder of the package itself: its bundled pipelines are found by name from anywhere. */
export const packageFolder = findUpwards(dirname(fileURLToPath(import.meta.url)), ['package.json']) ?? process.cwd()

/** Nearest folder with a `maskloom.config.yaml` or `.git`; else the folder itself. */
export function projectRoot(from: string): string {
  return findUpwards(from, ['maskloom.config.yaml', '.git']) ?? from
}

/** A path, or a bare name: `<name>.yaml` here, in `pipelines/` of the project, or among the bundled ones. */
export function findPipeline(
  name: string,
  workingDirectory: string,
): { readonly path: string } | { readonly problem: Diagnostic } {
  const folders = [join(projectRoot(workingDirectory), 'pipelines'), join(packageFolder, 'pipelines')]
  const candidates = [
    resolve(workingDirectory, name),
    resolve(workingDirectory, `${name}.yaml`),
    ...folders.map(folder => join(folder, `${name}.yaml`)),
  ]
  const path = candidates.find(isFile)
  if (path !== undefined) return { path }
  const known = [...new Set(folders.flatMap(pipelinesIn))]
  const nearest = nearestName(name, known)
  return {
    problem: {
      code: 'missing-file',
      message: `there is no pipeline \`${name}\`: no such file, and none of that name in ${folders[0]}`,
      fix: nearest === undefined ? `known by name: ${known.join(', ') || 'none'}` : `did you mean \`${nearest}\`?`,
    },
  }
}

export function pipelinesIn(folder: string): readonly string[] {
  return existsSync(folder)
    ? globSync('*.yaml', { cwd: folder })
        .map(file => basename(file, '.yaml'))
        .sort()
    : []
}

export function packageVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function findUpwards(from: string, names: readonly string[]): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (names.some(name => existsSync(join(folder, name)))) return folder
    if (dirname(folder) === folder) return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
