import { readFileSync } from 'node:fs'
import type { Diagnostic } from '../base/diagnostic.ts'
import { printDiagnostics } from '../load/print.ts'

/** What is wrong with a pipeline or with what was asked of it. The message shows the problems with their places. */
export class PipelineError extends Error {
  readonly problems: readonly Diagnostic[]

  constructor(problems: readonly Diagnostic[]) {
    super(printDiagnostics(problems, { textOf: textOfFile, directory: process.cwd(), colour: false }).trimEnd())
    this.name = 'PipelineError'
    this.problems = problems
  }
}

/** For line numbers and code frames; undefined if it cannot be had. */
export function textOfFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
