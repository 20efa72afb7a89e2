import { openPipeline } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, sayProblems } from '../say.ts'

/** `maskloom check`: everything that can be known before anything runs. */
export async function checkCommand(name: string, options: PipelineOptions): Promise<number> {
  const opened = await openPipeline(name, [], options, () => {})
  if (opened.ok === false) {
    sayProblems(opened.problems, options.json === true)
    return exitCode.wrong
  }
  if (opened.ok === 'open') {
    say(
      options,
      { ok: true, unbound: opened.unbound },
      `${opened.file.name}: fine as far as it goes without values for ${opened.unbound.join(', ')}`,
    )
    return exitCode.done
  }
  opened.store.close()
  const { graph } = opened.compiled
  const cells = graph.steps.reduce((sum, step) => sum + step.cells.length, 0)
  say(
    options,
    { ok: true, steps: graph.steps.length, cells },
    `${graph.name}: ${graph.steps.length} steps, ${cells} cells, no problems`,
  )
  return exitCode.done
}

function say(options: PipelineOptions, json: object, text: string): void {
  process.stdout.write(`${options.json ? JSON.stringify(json) : text}\n`)
}
