import { type LoadOptions, load, type Pipeline } from '../api/load.ts'
import { type OpenPipeline, openPipeline } from '../api/open.ts'
import { PipelineError } from '../api/pipeline-error.ts'
import type { PipelineOptions } from './options.ts'

/** Arguments in the words of the library. */
export function loadOptions(options: PipelineOptions): LoadOptions {
  return {
    set: options.set,
    paramFiles: options.params,
    nodes: options.nodes,
    allowNodes: options.allowNodes === true,
    allowOutside: options.allowOutside === true,
    allowCommands: options.allowCommands === true,
    ...(options.device === undefined ? {} : { device: options.device }),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
  }
}

/** For commands that look at the compiled graph and the cache. @throws PipelineError */
export async function openCompiled(
  name: string,
  targets: readonly string[],
  options: PipelineOptions,
): Promise<OpenPipeline & { readonly pipeline: Pipeline }> {
  const pipeline = await load(name, loadOptions(options))
  const opened = await openPipeline(pipeline, targets, message => void process.stderr.write(`${message}\n`))
  if (!opened.ok) throw new PipelineError(opened.problems)
  return { ...opened, pipeline }
}
