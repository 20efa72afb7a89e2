import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Metrics } from '../values/metrics.ts'
import type { Table } from '../values/table.ts'
import { walkOuter } from '../values/walk-together.ts'
import { checkInstances, type Finding, type FindingKind, type Limits, severities } from './findings.ts'

interface Params {
  readonly box_tolerance_px: number
  readonly similar_iou: number
  readonly small_px: number
  readonly max_parts: number
  readonly ignore: readonly FindingKind[]
  readonly fail_on: 'never' | 'errors' | 'any'
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly images?: Collection<ImageRef>
  readonly problems?: Collection<Table>
}

/** `item` null: it concerns no image that is known. */
type Found = Finding & { readonly item: string | null; readonly class?: string }

const columns = ['item', 'instance', 'class', 'what', 'severity', 'measured', 'limit', 'message'] as const

export const annotationsValidate = defineNode<Params, Inputs>({
  name: 'annotations/validate',
  version: 1,
  description:
    'Finds what is wrong with annotations before somebody trains on them, all of it at once: records that cannot be read (from the problems of their reader), images without annotations and the reverse, frames of another size, masks that are empty, duplicate, similar, small or in several parts, boxes that do not fit their mask, one picture under two ids.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'accept',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      box_tolerance_px: {
        type: 'number',
        minimum: 0,
        default: 2,
        description:
          'box-mismatch: a side of the box is further than this from that of the mask. Boxes of shares with six decimals and masks of another size than their image are off by a pixel or two.',
      },
      similar_iou: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.9,
        description: 'similar-mask: two masks of an image, whatever their class, with IoU ≥ this that are not equal.',
      },
      small_px: { type: 'integer', minimum: 0, default: 10, description: 'small-mask: fewer pixels than this.' },
      max_parts: {
        type: 'integer',
        minimum: 1,
        default: 1,
        description: 'several-parts: more parts than this that do not touch, not even at corners.',
      },
      ignore: {
        type: 'array',
        items: { enum: Object.keys(severities) },
        uniqueItems: true,
        default: [],
        description: 'Kinds of findings that are no news here.',
      },
      fail_on: {
        enum: ['never', 'errors', 'any'],
        default: 'never',
        description: 'Which findings end the run: none, errors, or warnings too.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'The annotations to look at.' },
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'The pictures they belong to: for sizes, and for images without annotations.',
    },
    problems: {
      kind: 'table',
      per: 'item',
      optional: true,
      description: 'What the reader of the annotations left out (its output problems, with problems: report).',
    },
  },
  outputs: {
    findings: {
      kind: 'table',
      per: 'collection',
      description:
        'A row for each finding, by item and instance: item (null: no image that is known), instance (position among those that could be read, from 0), class, what, severity, measured, limit, message.',
    },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description: 'Number of findings by what; images, instances, errors and warnings in all.',
    },
  },
  example: `
check:
  uses: annotations/validate
  in: { instances: truth.instances, problems: truth.problems, images: images.images }
`,
  run: async ({ instances, images, problems }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const limits: Limits = {
      boxTolerancePx: params.box_tolerance_px,
      similarIou: params.similar_iou,
      smallPx: params.small_px,
      maxParts: params.max_parts,
    }
    const all: Found[] = problems ? await readerFindings(problems) : []
    const known = new Set(all.map(({ item }) => item))
    const counts = { images: 0, instances: 0 }
    const firstWith = new Map<string, string>()
    const failed = new Set([instances, images, problems].flatMap(stream => [...(stream?.failed ?? [])]))
    for (const item of [...failed].sort()) all.push({ item, what: 'unreadable', message: 'it could not be read' })
    for await (const { id, values } of walkOuter<Instances | ImageRef>([instances, images ?? nothing])) {
      const [own, image] = values as [Instances?, ImageRef?]
      const found = [
        ...(failed.has(id) ? [] : checkItem(own, image, images !== undefined, known.has(id))),
        ...twinPicture(id, image, firstWith),
      ]
      if (own) {
        checkLabels(own.labels, classes, `item ${id}`)
        counts.instances += own.labels.length
        found.push(...checkInstances(own, limits))
      }
      counts.images++
      for (const one of found) {
        const label = one.instance === undefined ? undefined : own?.labels[one.instance]
        all.push({ item: id, ...one, ...(label !== undefined && { class: classes[label]!.id }) })
      }
    }
    const findings = all.filter(({ what }) => !params.ignore.includes(what)).sort(byItem)
    const metrics = countFindings(findings, counts)
    refuse(findings, params.fail_on)
    context.note(describe(metrics))
    return { findings: { columns, rows: findings.map(toRow) } satisfies Table, metrics }
  },
})

const nothing: Collection<never> = {
  digest: '',
  ids: [],
  failed: new Set(),
  items: { async *[Symbol.asyncIterator]() {} },
} as unknown as Collection<never>

/** @throws TaskError when they are another sort of table. */
async function readerFindings({ items }: Collection<Table>): Promise<Found[]> {
  const found: Found[] = []
  for await (const { id, value } of items) {
    const [kindAt, imageAt, messageAt] = ['what', 'image', 'message'].map(column => value.columns.indexOf(column))
    for (const row of value.rows) {
      const what = String(row[kindAt!])
      if (!Object.hasOwn(severities, what) || imageAt! < 0 || messageAt! < 0) {
        throw new TaskError({
          code: 'bad-value',
          message: `item ${id}: the table at problems lists no problems of a reader (its columns are ${value.columns.join(', ')})`,
          fix: 'feed the output problems of the step that reads the annotations',
        })
      }
      const image = row[imageAt!]
      const item = image === null || image === undefined ? null : String(image)
      found.push({ item, what: what as FindingKind, message: String(row[messageAt!]) })
    }
  }
  return found
}

/** @param known the reader has something to say about the item, so an empty list is no news. */
function checkItem(
  own: Instances | undefined,
  image: ImageRef | undefined,
  withImages: boolean,
  known: boolean,
): Finding[] {
  if (withImages && image === undefined) return [{ what: 'no-image', message: 'there is no image for the annotations' }]
  if (own === undefined || own.labels.length === 0)
    return known ? [] : [{ what: 'no-annotations', measured: 0, limit: 1, message: 'the image has no annotations' }]
  const [height, width] = own.sizeHw
  if (image === undefined || (image.widthPx === width && image.heightPx === height)) return []
  const sizes = `the annotations are for ${width} × ${height} pixels, the image has ${image.widthPx} × ${image.heightPx}`
  return [{ what: 'frame-size', message: `${sizes} (width × height)` }]
}

function twinPicture(id: string, image: ImageRef | undefined, firstWith: Map<string, string>): Finding[] {
  if (image === undefined) return []
  // Chips of one picture share its file and differ in their edits.
  const picture = JSON.stringify([image.sha256, image.edits ?? []])
  const first = firstWith.get(picture)
  if (first === undefined) firstWith.set(picture, id)
  return first === undefined ? [] : [{ what: 'duplicate-image', message: `the picture equals that of ${first}` }]
}

/** What concerns no image comes first. */
function byItem(a: Found, b: Found): number {
  if (a.item !== b.item) return a.item === null || (b.item !== null && a.item < b.item) ? -1 : 1
  return (a.instance ?? -1) - (b.instance ?? -1)
}

function toRow({ item, instance, class: classId, what, measured, limit, message }: Found) {
  return [item, instance ?? null, classId ?? null, what, severities[what], measured ?? null, limit ?? null, message]
}

function countFindings(findings: readonly Found[], counts: { readonly images: number; readonly instances: number }) {
  const byKind: { [kind: string]: number } = Object.fromEntries(Object.keys(severities).map(kind => [kind, 0]))
  for (const { what } of findings) byKind[what]!++
  const errors = findings.filter(({ what }) => severities[what] === 'error').length
  return { all: { ...counts, errors, warnings: findings.length - errors }, findings: byKind } satisfies Metrics
}

function describe({ all, findings }: ReturnType<typeof countFindings>): string {
  const kinds = Object.entries(findings).flatMap(([kind, count]) => (count === 0 ? [] : `${count} ${kind}`))
  const what = kinds.length === 0 ? 'nothing found' : kinds.join(', ')
  return `${all.images} images, ${all.instances} instances: ${what}`
}

function refuse(findings: readonly Found[], failOn: Params['fail_on']): void {
  const grave = findings.filter(({ what }) => failOn === 'any' || (failOn === 'errors' && severities[what] === 'error'))
  if (grave.length === 0) return
  const shown = grave.slice(0, 5).map(({ item, instance, what, message }) => {
    const where = [...(item === null ? [] : [item]), ...(instance === undefined ? [] : [`instance ${instance}`])]
    return `${where.join(', ')}${where.length === 0 ? '' : ': '}${what}, ${message}`
  })
  const more = grave.length > shown.length ? `\n… and ${grave.length - shown.length} more` : ''
  throw new TaskError({
    code: 'bad-value',
    message: `the annotations have ${grave.length} ${failOn === 'any' ? 'findings' : 'errors'}:\n${shown.join('\n')}${more}`,
    fix: 'fail_on: never  lists all of them; mend the annotations, or ignore: [kinds that are meant to be there]',
  })
}
