import { dirname, join, resolve } from 'node:path'
import { configName } from '../api/config.ts'
import { findPipeline, projectRoot } from '../api/project.ts'
import type { Json } from '../base/canonical.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { Graph } from '../contract/graph.ts'
import type { RunOptions } from './options.ts'

/** What the command line names: enough to notice that a broken pipeline was mended. Undefined: no such pipeline. */
export function pathsOfCommand(name: string, options: RunOptions): readonly string[] | undefined {
  const found = findPipeline(name, process.cwd())
  if ('problem' in found) return undefined
  const config = join(projectRoot(dirname(found.path)), configName)
  const files = [...options.params, ...(options.items === undefined ? [] : [options.items])]
  return [found.path, config, ...files.map(file => resolve(file))]
}

/** Every file and folder a compiled pipeline reads: pipelines used as nodes, and paths among parameters. */
export function pathsOfGraph(graph: Graph): readonly string[] {
  const paths = new Set([graph.path, ...graph.steps.map(step => step.at.file)])
  for (const step of graph.steps) for (const cell of step.cells) addPathRefs(cell.params, paths)
  return [...paths]
}

export function pathsOfProblems(problems: readonly Diagnostic[]): readonly string[] {
  return problems.flatMap(problem => (problem.at === undefined || problem.at.file === '' ? [] : [problem.at.file]))
}

/** A path parameter is a map of `path` and `sha256`, alone or in a list. */
function addPathRefs(value: Json, paths: Set<string>): void {
  if (value === null || typeof value !== 'object') return
  if (!Array.isArray(value) && 'sha256' in value && 'path' in value && typeof value['path'] === 'string') {
    paths.add(value['path'])
    return
  }
  for (const entry of Object.values(value)) addPathRefs(entry as Json, paths)
}
