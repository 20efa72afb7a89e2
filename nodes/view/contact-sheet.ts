import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { uniteClassLists } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { inputClassLists } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { readRgb } from '../values/read-image.ts'
import { walkAll } from '../values/walk-together.ts'
import { type Canvas, drawText, newCanvas, pasteCanvas, textSizePx } from './canvas.ts'
import { checkDrawable } from './check-drawable.ts'
import { drawInstances } from './draw-instances.ts'
import { classColor, type Rgb } from './palette.ts'
import { encodeJpeg, scaledCanvas } from './picture.ts'

interface Params {
  readonly captions: readonly string[]
  readonly items: number
  readonly tile_px: number
  readonly min_score: number
  readonly max_instances: number
  readonly quality: number
}

interface Inputs {
  readonly images: Collection<ImageRef>
  readonly instances: readonly Collection<Instances>[]
}

/** One row of the sheet: an item, drawn once for each source. */
interface Row {
  readonly id: string
  readonly tiles: readonly Canvas[]
}

const PAPER: Rgb = [250, 250, 248]
const INK: Rgb = [30, 30, 34]
const MARGIN_PX = 8

export const viewContactSheet = defineNode<Params, Inputs>({
  name: 'view/contact-sheet',
  version: 1,
  description:
    'One picture to compare several sources of instances by eye: a row for each of the first items, a column for each source, one colour for each class over all of them.',
  mode: 'collection',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['captions'],
    properties: {
      captions: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'Heads of the columns, one for each source, in their order.',
      },
      items: { type: 'integer', minimum: 1, maximum: 40, default: 6, description: 'Rows: the first items by id.' },
      tile_px: { type: 'integer', minimum: 64, maximum: 1024, default: 320, description: 'Longer side of a tile.' },
      min_score: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.3,
        description: 'Draw predictions with score ≥ this; ground truth is always drawn.',
      },
      max_instances: { type: 'integer', minimum: 1, default: 30, description: 'Draw at most this many in a tile.' },
      quality: { type: 'integer', minimum: 1, maximum: 100, default: 88, description: 'JPEG quality.' },
    },
  },
  inputs: {
    images: { kind: 'image', per: 'item', description: 'The pictures.' },
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'ordered',
      mixedFacets: true,
      description: 'The sources to compare, ground truth among them if there is any.',
    },
  },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'jpg', description: 'The sheet, a JPEG.' } },
  example: `
sheet:
  uses: view/contact-sheet
  with: { captions: [truth, one model, ensemble] }
  in: { images: images.images, instances: [truth.instances, single.instances, leaf.instances] }
`,
  types: ({ captions }, context) => {
    const sources = context.inputs['instances']?.length
    if (sources !== undefined && sources !== captions.length) {
      context.problem({
        param: 'captions',
        message: `${captions.length} captions for ${sources} sources at the input instances`,
        fix: 'Write one caption for each source, in their order.',
      })
    }
    return {}
  },
  run: async ({ images, instances }, params, context) => {
    const lists = inputClassLists(context, 'instances')
    const { classes, labelMaps } = uniteClassLists(lists)
    const rows: Row[] = []
    const names = ['images', ...params.captions.map(caption => `instances (${caption})`)]
    for await (const { id, values } of walkAll<ImageRef | Instances>([images, ...instances], names)) {
      const [image, ...sources] = values as [ImageRef, ...Instances[]]
      const relabelled = sources.map((source, column) => {
        checkDrawable(source, image, lists[column]!, `item ${id}, ${names[column + 1]}`)
        return { ...source, labels: source.labels.map(label => labelMaps[column]![label]!) }
      })
      const picture = await scaledCanvas(await readRgb(image, context), params.tile_px)
      rows.push({ id, tiles: relabelled.map(source => drawTile(picture, source, classes, params)) })
      if (rows.length === params.items) break
    }
    const file = await encodeJpeg(layOut(rows, params), params.quality)
    context.note(`contact sheet of ${rows.length} items × ${instances.length} sources, ${file.byteLength} bytes`)
    return { file }
  },
})

function drawTile(picture: Canvas, instances: Instances, classes: ClassList, params: Params): Canvas {
  const tile = { ...picture, rgb: picture.rgb.slice() }
  drawInstances(tile, instances, {
    classes,
    colors: classes.map((_, label) => classColor(label)),
    minScore: params.min_score,
    maxInstances: params.max_instances,
    textScale: Math.max(1, Math.round(params.tile_px / 400)),
  })
  return tile
}

/** Captions on top, then a row of tiles for each item under its id. */
function layOut(rows: readonly Row[], { captions, tile_px: tilePx }: Params): Canvas {
  const scale = tilePx >= 200 ? 2 : 1
  const [, headPx] = textSizePx('', scale)
  const [, idPx] = textSizePx('', 1)
  const heights = rows.map(({ tiles }) => idPx + 4 + Math.max(...tiles.map(({ heightPx }) => heightPx)) + MARGIN_PX)
  const width = MARGIN_PX + captions.length * (tilePx + MARGIN_PX)
  const sheet = newCanvas(
    width,
    heights.reduce((sum, height) => sum + height, headPx + 2 * MARGIN_PX),
    PAPER,
  )
  const columnX = (column: number) => MARGIN_PX + column * (tilePx + MARGIN_PX)
  for (const [column, caption] of captions.entries()) {
    drawText(sheet, clipText(caption, tilePx, scale), columnX(column), MARGIN_PX, scale, INK)
  }
  let y = headPx + 2 * MARGIN_PX
  for (const [row, { id, tiles }] of rows.entries()) {
    drawText(sheet, clipText(id, width - 2 * MARGIN_PX, 1), MARGIN_PX, y, 1, INK)
    for (const [column, tile] of tiles.entries()) pasteCanvas(sheet, tile, columnX(column), y + idPx + 4)
    y += heights[row]!
  }
  return sheet
}

/** As much of the text as fits. */
function clipText(text: string, widthPx: number, scale: number): string {
  return textSizePx(text, scale)[0] <= widthPx ? text : clipText(text.slice(0, -1), widthPx, scale)
}
