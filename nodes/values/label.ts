import type { Kind } from '../../engine/contract/kind.ts'
import { classesInFacets, explainClassDifference } from './class-lists.ts'
import { documentCodec } from './json-document.ts'

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
  ...documentCodec(
    NAME,
    value => {
      const { text } = (value ?? {}) as Partial<Label>
      return typeof text === 'string' && text !== '' ? undefined : `the text is ${JSON.stringify(text)}, expected some`
    },
    ({ text }: Label) => ({ text }),
  ),
  choice: ({ text }) => text,
  choices: facets => classesInFacets(facets)?.map(({ id }) => id),
  explainDifference: explainClassDifference,
}
