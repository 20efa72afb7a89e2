import { type LoadOptions, load } from '../../api/load.ts'
import { plan } from '../../api/plan.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import { planLines } from '../../report/plan-table.ts'
import { loadOptions } from '../open-pipeline.ts'
import type { ItemOptions, PipelineOptions } from '../options.ts'
import { partOptions } from '../run-request.ts'
import { exitCode, wantsColour } from '../say.ts'

/** `maskloom plan`: what a run would do, per step, and why. */
export async function planCommand(
  name: string,
  targets: readonly string[],
  options: PipelineOptions & ItemOptions & { readonly cells?: true },
  loading: LoadOptions = loadOptions(options),
): Promise<number> {
  const pipeline = await load(name, loading)
  const remark = (message: string) => void process.stderr.write(`${message}\n`)
  const report = await plan(pipeline, { ...partOptions(options), targets, remark, cells: options.cells === true })
  const paint = wantsColour(process.stdout) ? terminalPaint : noPaint
  const text = options.json ? JSON.stringify(report) : planLines(report, paint, process.stdout.columns).join('\n')
  process.stdout.write(`${text}\n`)
  return exitCode.done
}
