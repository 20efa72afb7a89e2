import { nodesNamed } from '../../api/user-nodes.ts'
import { nearestName } from '../../base/typo.ts'
import { nodeListLines, nodePageLines } from '../../report/node-help.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import type { NodesOptions } from '../options.ts'
import { exitCode, sayProblems, wantsColour } from '../say.ts'

/** `maskloom nodes [name]`: the reference, made from the definitions themselves. */
export async function nodesCommand(name: string | undefined, options: NodesOptions): Promise<number> {
  const registry = await nodesNamed(options.nodes)
  const paint = wantsColour(process.stdout) ? terminalPaint : noPaint
  if (name === undefined) {
    process.stdout.write(`${nodeListLines(registry.nodes.values(), paint, process.stdout.columns).join('\n')}\n`)
    return exitCode.done
  }
  const node = registry.nodes.get(name)
  if (node === undefined) {
    const nearest = nearestName(name, registry.nodes.keys())
    const fix = nearest === undefined ? '`maskloom nodes` lists them' : `did you mean \`${nearest}\`?`
    sayProblems([{ code: 'unknown-node', message: `there is no node \`${name}\``, fix }], false)
    return exitCode.wrong
  }
  process.stdout.write(`${nodePageLines(node, paint).join('\n')}\n`)
  return exitCode.done
}
