import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { decodeJson, encodeJson } from './json-document.ts'

/** A part of the items, by id: what `items: step.port` runs a step on. */
export interface Selection {
  /** Sorted by code unit, each once. */
  readonly ids: readonly string[]
}

const NAME = 'selection'

export const selectionKind: Kind<Selection> = {
  name: NAME,
  description: 'Ids of some items; a step with `items:` runs on them only.',
  extension: 'json',
  encode: ({ ids }) => {
    for (const [index, id] of ids.entries()) {
      const before = ids[index - 1]
      if (id === '') throw bad(`id ${index} is empty`)
      if (before === id) throw bad(`${id} is listed twice`)
      if (before !== undefined && before > id) throw bad(`${id} comes after ${before}; expected ids in order`)
    }
    return encodeJson({ ids })
  },
  decode: bytes => decodeJson(bytes) as unknown as Selection,
  ids: ({ ids }) => ids,
  print: ({ ids }) => ids.join('\n'),
}

/** The selection of these ids, in any order, repeated or not. */
export function selectionOf(ids: Iterable<string>): Selection {
  return { ids: [...new Set(ids)].sort() }
}

function bad(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${NAME}: ${message}` })
}
