import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { decodeJson, encodeJson } from './json-document.ts'

/** Numbers by group and name; null where a number is not defined (no ground truth of that size, say). */
export type Metrics = {
  readonly [group: string]: { readonly [name: string]: number | null }
}

export const metricsKind: Kind<Metrics> = {
  name: 'metrics',
  description: 'Measured numbers in named groups.',
  extension: 'json',
  encode: value => {
    for (const [group, numbers] of Object.entries(value)) {
      for (const [name, number] of Object.entries(numbers)) {
        if (number !== null && !Number.isFinite(number)) {
          throw new TaskError({
            code: 'bad-value',
            message: `metrics: ${group} / ${name} is ${number}; expected a finite number, or null where it is undefined`,
          })
        }
      }
    }
    return encodeJson(value)
  },
  decode: bytes => decodeJson(bytes) as Metrics,
}
