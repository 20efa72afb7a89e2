import { basename } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { CheckContext } from '../../engine/contract/node.ts'

/** "annotations.json, annotation 17: …": what is wrong inside a source file, and where. */
export function badFile(path: string, where: string | undefined, message: string, fix?: string): TaskError {
  return new TaskError({
    code: 'bad-file',
    message: `${basename(path)}${where === undefined ? '' : `, ${where}`}: ${message}`,
    ...(fix !== undefined && { fix }),
  })
}

/**
 * Runs `read` while a pipeline is checked; a `TaskError` becomes a problem at the parameter that names the file, and the
 * result undefined.
 */
export async function checkFile<T>(
  context: CheckContext,
  param: string,
  read: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    const { message, fix } = error.diagnostic
    context.problem({ param, message, ...(fix !== undefined && { fix }) })
    return undefined
  }
}

/** @throws TaskError saying where the text stops being JSON. A byte order mark is skipped. */
export function parseJsonFile(path: string, bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badFile(path, undefined, `is not JSON (${error instanceof Error ? error.message : String(error)})`)
  }
}

/** Is it an object with named fields? */
export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
