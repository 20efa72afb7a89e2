import type { Json } from '../base/canonical.ts'
import type { SchemaProblem } from '../base/schema-problem.ts'
import { nearestName } from '../base/typo.ts'
import { alternatives, quoteName } from '../base/words.ts'
import type { TreePath } from '../contract/pipeline.ts'
import { type Problem, type Problems, suggest, writtenPath } from './problems.ts'
import type { ProtoStep } from './proto.ts'
import { isFed } from './resolve-source.ts'

/** What a node's schema has against `with:`, in the words of the pipeline. `report` takes paths below `with`. */
export function reportMisfits(
  step: ProtoStep,
  misfits: readonly SchemaProblem[],
  problems: Problems,
  report: (path: TreePath, problem: Problem) => void,
): void {
  const { node, declaration } = step
  const given = Object.keys(declaration.with)
  const known = Object.keys(node.params.properties).filter(
    name => node.params.properties[name]!['x-coordinates-of'] === undefined,
  )
  const strangers = given.filter(name => !known.includes(name))
  const meant = new Set<string>()
  for (const name of strangers) {
    const free = known.filter(one => !given.includes(one))
    const nearest = nearestName(name, free) ?? nearestName(name, known)
    if (nearest !== undefined) meant.add(nearest)
    report([name], {
      code: 'unknown-param',
      message: `\`${node.name}\` has no parameter \`${name}\``,
      at: 'key',
      fix: suggest(nearest, known) ?? 'it has no parameters',
    })
  }
  const portOf = (name: string) => node.params.properties[name]?.['x-port']
  const fed = (name: string) => isFed(step, portOf(name) ?? '')
  const absent = (node.params.required ?? []).filter(name => !given.includes(name) && !meant.has(name) && !fed(name))
  if (absent.length > 0) {
    const ports = absent.flatMap(name => portOf(name) ?? [])
    const described = absent.map(name => `${quoteName(name)} (${node.params.properties[name]?.description})`)
    problems.add(step.instance, ['steps', declaration.id], {
      code: 'missing-param',
      message: `\`${node.name}\` needs its ${absent.length === 1 ? 'parameter' : 'parameters'} ${alternatives(described, 'and')}`,
      at: 'key',
      fix: `add \`with: { ${absent.map(name => `${name}: …`).join(', ')} }\`${ports.map(port => ` or feed its input \`${port}\``).join('')}`,
    })
  }
  for (const { path, message, fix, at } of misfits) {
    const [name = '', ...below] = path
    if (path.length === 0 || strangers.includes(String(name))) continue
    const raw = valueAt(declaration.with[name], below)
    const origin = typeof raw === 'string' && raw.includes('${') ? ` (from ${quoteName(raw)})` : ''
    report(path, { code: 'bad-param', message: `\`${name}\` of \`${node.name}\`: ${message}${origin}`, at, fix })
  }
}

function valueAt(tree: Json | undefined, path: TreePath): Json | undefined {
  let at = tree
  for (const segment of writtenPath(tree, path)) at = (at as { readonly [key: string]: Json })[segment]
  return at
}
