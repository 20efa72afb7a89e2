import { parse } from 'yaml'
import { badFile, isRecord } from './bad-file.ts'
import { classListProblem } from './class-lists.ts'
import type { ClassList } from './classes.ts'

/**
 * The classes of a `data.yaml` of YOLO, by its `names`: a list, or a map from number to name. A class is known by its name.
 * @throws TaskError when there are none, numbers are missing, or two have one name.
 */
export function yoloClasses(path: string, bytes: Uint8Array): ClassList {
  const text = new TextDecoder().decode(bytes)
  const document = attempt(path, () => parse(text) as unknown)
  const names = isRecord(document) ? document['names'] : undefined
  const list = Array.isArray(names) ? names : isRecord(names) ? inOrder(path, names) : undefined
  if (list === undefined || list.length === 0) {
    throw badFile(path, undefined, 'has no names; expected a list, or a map from class number to name')
  }
  const classes = list.map((name: unknown, label) => {
    if (typeof name === 'string' || typeof name === 'number') return { id: String(name), name: String(name) }
    throw badFile(path, `names, class ${label}`, `is ${JSON.stringify(name)}; expected text`)
  })
  const problem = classListProblem(classes)
  if (problem) throw badFile(path, 'names', problem)
  return classes
}

function inOrder(path: string, names: { readonly [number: string]: unknown }): unknown[] {
  const count = Object.keys(names).length
  return Array.from({ length: count }, (_, label) => {
    if (Object.hasOwn(names, String(label))) return names[String(label)]
    throw badFile(path, 'names', `has ${count} classes and none is number ${label}; they are counted from 0`)
  })
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw badFile(path, undefined, `is not YAML (${(error as Error).message.split('\n')[0]})`)
  }
}

/** A `data.yaml` whose paths start at its own folder. Texts are quoted: to YAML 1.1, which YOLO reads, `no` is none. */
export function yoloYaml(lists: { readonly train: string; readonly val: string }, names: readonly string[]): string {
  const lines = names.map((name, label) => `  ${label}: ${JSON.stringify(name)}`)
  return [`train: ${JSON.stringify(lists.train)}`, `val: ${JSON.stringify(lists.val)}`, 'names:', ...lines, ''].join(
    '\n',
  )
}
