import { defineNode } from '../../engine/contract/node.ts'
import type { Classes } from '../values/classes.ts'
import { selectionOf } from '../values/selection.ts'
import type { Table } from '../values/table.ts'
import { columnOf } from './class-pairs.ts'

interface Params {
  readonly per_class: number
  readonly count: 'images' | 'rows'
}

interface Inputs {
  readonly annotations: Table
  readonly classes: Classes
}

export const trainingFirstOfClass = defineNode<Params, Inputs>({
  name: 'training/first-of-class',
  version: 1,
  description:
    'Chooses training images: for each class those of its first annotations, in the order of the table, up to a number. An image is chosen when one class chooses it.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      per_class: { type: 'integer', minimum: 1, default: 1500, description: 'How many for each class.' },
      count: {
        enum: ['images', 'rows'],
        default: 'images',
        description:
          'images: different images; rows: annotations, so that a crowded image uses up many of the number (yu4u).',
      },
    },
  },
  inputs: {
    annotations: {
      kind: 'table',
      per: 'collection',
      description: 'Rows with the columns image and class, as annotations/open-images-table makes them.',
    },
    classes: {
      kind: 'classes',
      per: 'collection',
      description: 'The classes to choose for; rows of others are passed over.',
    },
  },
  outputs: {
    chosen: { kind: 'selection', per: 'collection', description: 'The images.' },
    table: { kind: 'table', per: 'collection', description: 'For each class: class, rows and images it chose.' },
  },
  example: `
chosen:
  uses: training/first-of-class
  with: { per_class: 1500 }
  in: { annotations: rows.table, classes: upper.classes }
`,
  run: ({ annotations, classes: { classes } }, { per_class: perClass, count }) => {
    const imageAt = columnOf(annotations.columns, 'image', 'annotations')
    const classAt = columnOf(annotations.columns, 'class', 'annotations')
    const taken = new Map(classes.map(({ id }) => [id, { rows: 0, images: new Set<string>() }]))
    for (const row of annotations.rows) {
      const own = taken.get(String(row[classAt]))
      if (!own) continue
      const image = String(row[imageAt])
      const full = count === 'rows' ? own.rows >= perClass : own.images.size >= perClass && !own.images.has(image)
      if (full) continue
      own.rows++
      own.images.add(image)
    }
    return {
      chosen: selectionOf([...taken.values()].flatMap(({ images }) => [...images])),
      table: {
        columns: ['class', 'rows', 'images'],
        rows: classes.map(({ id }) => [id, taken.get(id)!.rows, taken.get(id)!.images.size]),
      } satisfies Table,
    }
  },
})
