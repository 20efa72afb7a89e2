import type { Build, BuiltCell } from './cells.ts'
import type { Problem } from './problems.ts'
import type { Workshop } from './proto.ts'

/**
 * A function runs in the memory of one worker, whole items at a time: its steps take items as they are, compute and keep
 * nothing; and none of its items depends on another.
 */
export function checkFunctionStep(cell: BuiltCell, build: Build, { registry, problems }: Workshop): void {
  const { proto, inputs, selects } = cell
  const { node, declaration, instance } = proto
  const at = ['steps', declaration.id]
  const refuse = (path: readonly string[], problem: Pick<Problem, 'message' | 'fix'>) =>
    problems.add(instance, path, { code: 'bad-function', at: 'key', ...problem })
  const outside = 'run it before, and make what it gives an input of this pipeline'
  const named = `\`${node.name}\``
  if (node.mode !== 'item' && node.mode !== 'collection') {
    refuse(at, {
      message: `${named} makes other items, which a pipeline that is evaluated in memory cannot`,
      fix: outside,
    })
  } else if (node.lane !== 'cpu') {
    const what = node.lane === 'gpu' ? 'runs models' : 'reads or writes files'
    refuse(at, { message: `${named} ${what}, which a pipeline that is evaluated in memory does not`, fix: outside })
  } else if (proto.pipelines.size > 0) {
    refuse(at, { message: `${named} evaluates a pipeline itself, and this one is evaluated in memory`, fix: outside })
  }
  for (const [port, { kind }] of Object.entries(node.outputs)) {
    if (registry.kinds.get(kind)?.transient !== true) continue
    refuse(at, {
      message: `\`${port}\` of ${named} is never stored, so it cannot be kept between evaluations`,
      fix: outside,
    })
  }
  if (selects.length > 0) {
    const path = declaration.items === undefined ? at : [...at, 'items']
    refuse(path, { message: 'a pipeline that is evaluated in memory runs all of its steps on all items', fix: outside })
  }
  if (declaration.join !== 'exact') {
    const message = 'items of a pipeline that is evaluated in memory meet exactly'
    refuse([...at, 'join'], { message, fix: 'join them before' })
  }
  if (node.mode !== 'item') return
  for (const { port, sources } of inputs) {
    const source = sources.map(({ cell: index }) => build.cells[index]!).find(isReduction)
    if (source === undefined) continue
    refuse([...at, 'in', port], {
      message: `\`${source.address}\` is made of all items, and ${named} runs per item: no item may depend on others here`,
      fix: outside,
    })
  }
}

function isReduction({ proto, inputs }: BuiltCell): boolean {
  return proto.node.mode === 'collection' && inputs.length > 0
}
