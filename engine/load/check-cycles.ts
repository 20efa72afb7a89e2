import type { Diagnostic } from '../base/diagnostic.ts'
import { quoteName } from '../base/words.ts'
import type { PipelineFile, StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { findCycles } from './cycles.ts'

interface Need {
  readonly step: string
  /** Where the need is written. */
  readonly path: TreePath
}

/** Steps that wait for each other through `in:` and `items:`, or take their matrix from each other. */
export function checkCycles(file: PipelineFile): readonly Diagnostic[] {
  return [
    ...cycles(file, needsOf, 'these steps wait for each other', 'take one of these inputs from another step'),
    ...cycles(file, matrixNeeds, 'these steps take their matrix from each other', 'write the axes at one of them'),
  ]
}

function cycles(
  file: PipelineFile,
  needs: (step: StepDeclaration) => readonly Need[],
  what: string,
  fix: string,
): readonly Diagnostic[] {
  const byStep = new Map([...file.steps.values()].map(step => [step.id, needs(step)]))
  const found = findCycles([...file.steps.keys()], id => (byStep.get(id) ?? []).map(need => need.step))
  return found.map(cycle => {
    const edges = cycle.map((id, i) => {
      const next = cycle[(i + 1) % cycle.length] as string
      const need = (byStep.get(id) ?? []).find(one => one.step === next) as Need
      return { message: `${quoteName(id)} needs ${quoteName(next)}`, at: file.locate(need.path) }
    })
    const [first, ...others] = edges as [(typeof edges)[number], ...typeof edges]
    const alone = cycle.length === 1
    const message = alone
      ? `step ${quoteName(cycle[0] as string)} waits for itself`
      : `${what}: ${[...cycle, cycle[0]].join(' → ')}`
    return { code: 'cycle', message, at: first.at, fix, ...(others.length === 0 ? {} : { notes: others }) }
  })
}

function needsOf(step: StepDeclaration): readonly Need[] {
  const sources = [...step.in.values()].flatMap(binding => binding.sources)
  const items = step.items === undefined ? [] : [{ from: step.items.from, path: ['steps', step.id, 'items'] }]
  return [...sources, ...items].flatMap(({ from, path }) =>
    from.includes('.') ? [{ step: from.split('.')[0] as string, path }] : [],
  )
}

function matrixNeeds({ id, matrix }: StepDeclaration): readonly Need[] {
  return matrix?.form === 'of' ? [{ step: matrix.step, path: ['steps', id, 'matrix'] }] : []
}
