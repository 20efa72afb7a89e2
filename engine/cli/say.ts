import { PipelineError, textOfFile } from '../api/pipeline-error.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { diagnosticsJson } from '../load/diagnostics-json.ts'
import { printDiagnostics } from '../load/print.ts'

/** Exit codes of every command. */
export const exitCode = { done: 0, failed: 1, wrong: 2, stopped: 3, interrupted: 130 } as const

export function sayProblems(problems: readonly Diagnostic[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ ok: false, problems: diagnosticsJson(problems, textOfFile) })}\n`)
    return
  }
  const text = printDiagnostics(problems, {
    textOf: textOfFile,
    directory: process.cwd(),
    colour: wantsColour(process.stderr),
  })
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  process.stderr.write(`${text}\n${count}\n`)
}

/** Something about the cache that the user should know. */
export function sayRemark(message: string): void {
  process.stderr.write(`${message}\n`)
}

export function wantsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
}

/** Runs a command; a pipeline or arguments that are wrong are said, and end it. */
export async function sayingProblems(json: boolean, command: () => Promise<number>): Promise<number> {
  try {
    return await command()
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    sayProblems(error.problems, json)
    return exitCode.wrong
  }
}
