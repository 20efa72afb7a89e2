import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { PipelineError } from '../api/pipeline-error.ts'

/**
 * The ids in a file, one per line; empty lines and space around ids do not count.
 * @throws PipelineError when there is no such file, or no id in it.
 */
export function readItemIds(path: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(resolve(path), 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`
    throw wrong(`--items ${path}: ${why}`, 'give a text file with one item id per line')
  }
  const ids = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  if (ids.length === 0) throw wrong(`--items ${path}: the file is empty`, 'write one item id per line')
  return ids
}

function wrong(message: string, fix: string): PipelineError {
  return new PipelineError([{ code: 'bad-argument', message, fix }])
}
