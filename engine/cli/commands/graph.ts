import { openCompiled } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, sayProblems } from '../say.ts'

/** `maskloom graph`: the compiled graph as text for a drawing program. */
export async function graphCommand(
  name: string,
  options: PipelineOptions & { readonly format: string },
): Promise<number> {
  if (options.format !== 'mermaid' && options.format !== 'dot') {
    sayProblems(
      [{ code: 'bad-argument', message: `--format must be mermaid or dot, found \`${options.format}\`` }],
      options.json === true,
    )
    return exitCode.wrong
  }
  const opened = await openCompiled(name, [], options)
  opened.close()
  const { graph } = opened.compiled
  const { mermaidText } = await import('../../report/graph-mermaid.ts')
  const { dotText } = await import('../../report/graph-dot.ts')
  process.stdout.write(
    options.json ? `${JSON.stringify(graph)}\n` : options.format === 'dot' ? dotText(graph) : mermaidText(graph),
  )
  return exitCode.done
}
