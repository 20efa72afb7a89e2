import type { Kind } from '../../engine/contract/kind.ts'
import { classesProblem, explainClassDifference } from './class-lists.ts'
import { documentCodec } from './json-document.ts'

/** One class: what identifies it everywhere (a MID, a name) and what people call it. */
export type ClassEntry = { readonly id: string; readonly name: string }

/** Classes in label order: label i means entry i. Ids are unique; background is never in it. */
export type ClassList = readonly ClassEntry[]

/** Value of kind `classes`: a class list of its own, for nodes that ask for one. */
export interface Classes {
  readonly classes: ClassList
}

export const classesKind: Kind<Classes> = {
  name: 'classes',
  description: 'A list of classes (id and name) in label order.',
  extension: 'json',
  ...documentCodec('classes', classesProblem, ({ classes }: Classes) => ({
    classes: classes.map(({ id, name }) => ({ id, name })),
  })),
  explainDifference: explainClassDifference,
}
