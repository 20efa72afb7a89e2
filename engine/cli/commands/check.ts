import { check } from '../../api/check.ts'
import { loadOptions } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, sayProblems } from '../say.ts'

/** `maskloom check`: everything that can be known before anything runs. */
export async function checkCommand(name: string, options: PipelineOptions): Promise<number> {
  const { ok, problems, name: title, steps, cells, unbound, deferred } = await check(name, loadOptions(options))
  if (!ok) {
    sayProblems(problems, options.json === true)
    return exitCode.wrong
  }
  const [json, text] =
    steps === undefined
      ? [{ ok, unbound }, `${title}: fine as far as it goes without values for ${unbound.join(', ')}`]
      : [
          { ok, steps, cells, deferred: deferred.map(({ step, what }) => ({ step, what })) },
          `${title}: ${steps} steps, ${cells} cells, no problems`,
        ]
  const later = deferred.map(({ step, what }) => `  later, by ${step}: ${what}`)
  process.stdout.write(`${options.json ? JSON.stringify(json) : [text, ...later].join('\n')}\n`)
  return exitCode.done
}
