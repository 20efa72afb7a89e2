import { compareDiagnostics, type Diagnostic } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import type { Loaded, PipelineFile } from '../contract/pipeline.ts'
import { checkCycles } from './check-cycles.ts'
import { checkNames } from './check-names.ts'
import { checkParams } from './check-params.ts'
import { checkReferences } from './check-references.ts'
import { isUnreadable, locator } from './locate.ts'
import { parseYaml } from './parse.ts'
import { readPipelineFile } from './pipeline-file.ts'
import { pipelineSchema } from './pipeline-schema.ts'
import type { Tree } from './tree.ts'

/**
 * Reads a pipeline file and checks all that the file alone can show: syntax, shape, names that must be in the same file,
 * references, cycles. Every problem at once, sorted, one per place (the first of syntax, shape, meaning). Whether nodes,
 * ports and parameters of nodes exist is not asked here.
 * @param readFile - text of a file, UTF-8; what it throws for a missing file (with a `code`) becomes a problem.
 */
export function loadPipeline(path: string, readFile: (path: string) => string): Loaded<PipelineFile> {
  const read = readText(path, readFile)
  if (!read.ok) return read
  const text = read.value
  const { tree, problems } = parseYaml(text, path)
  if (tree.unreadable) return { ok: false, problems: settled(problems) }
  const locate = locator(path, tree)
  const file = readPipelineFile(path, tree.json, locate)
  const all = [
    ...problems,
    ...checkShape(tree, locate),
    ...checkParams(file),
    ...checkNames(file, tree.json),
    ...checkReferences(file, text),
    ...checkCycles(file),
  ]
  return all.length === 0 ? { ok: true, value: file } : { ok: false, problems: settled(all) }
}

function checkShape(tree: Tree, locate: PipelineFile['locate']): readonly Diagnostic[] {
  const { problems } = validateAgainst(pipelineSchema, tree.json)
  return problems
    .filter(({ path }) => !isUnreadable(tree, path))
    .map(({ code, path, at, message, fix }) => ({
      code,
      message,
      at: locate(path, at),
      ...(fix === undefined ? {} : { fix }),
    }))
}

/** One problem per place, in the order of the file; a later one at the same place is usually a consequence. */
function settled(problems: readonly Diagnostic[]): readonly Diagnostic[] {
  const byPlace = new Map<string, Diagnostic>()
  for (const problem of problems) {
    const place = `${problem.at?.file}:${problem.at?.start}:${problem.at?.end}`
    if (!byPlace.has(place)) byPlace.set(place, problem)
  }
  return [...byPlace.values()].sort(compareDiagnostics)
}

function readText(path: string, readFile: (path: string) => string): Loaded<string> {
  try {
    return { ok: true, value: readFile(path) }
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (typeof code !== 'string') throw error
    const message =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'this is a folder'
          : `the file cannot be read (${code})`
    const problem = {
      code: code === 'ENOENT' ? 'missing-file' : 'bad-file',
      message,
      at: { file: path, start: 0, end: 0 },
      fix: 'expected a pipeline file',
    }
    return { ok: false, problems: [problem] }
  }
}
