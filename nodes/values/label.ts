import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { classesInFacets, explainClassDifference } from './class-lists.ts'
import { decodeJson, encodeJson } from './json-document.ts'

/**
 * One text for an item: the type of an image, the plate it comes from. Where the texts that can occur are known, the
 * static type lists them as classes and the text is one of their ids.
 */
export interface Label {
  readonly text: string
}

const NAME = 'label'

export const labelKind: Kind<Label> = {
  name: NAME,
  description:
    'A text that says what an item is; `items: { from: step.port, equals: … }` and parameters by class go by it.',
  extension: 'json',
  encode: ({ text }) => {
    if (typeof text !== 'string' || text === '') {
      throw new TaskError({ code: 'bad-value', message: `${NAME}: the text is ${JSON.stringify(text)}, expected some` })
    }
    return encodeJson({ text })
  },
  decode: bytes => decodeJson(bytes) as unknown as Label,
  choice: ({ text }) => text,
  choices: facets => classesInFacets(facets)?.map(({ id }) => id),
  explainDifference: explainClassDifference,
}
