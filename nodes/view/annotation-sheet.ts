import { sha256 } from '../../engine/base/digest.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { selectMasks } from '../kernels/mask-sets.ts'
import { moveMasks } from '../kernels/mask-transform.ts'
import { maskBoxesXyxy } from '../kernels/rle.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { type RgbPixels, readRgb } from '../values/read-image.ts'
import { walkOuter } from '../values/walk-together.ts'
import { type Canvas, drawText, newCanvas, pasteCanvas, textSizePx } from './canvas.ts'
import { checkDrawable } from './check-drawable.ts'
import { drawInstances } from './draw-instances.ts'
import { classColor, type Rgb } from './palette.ts'
import { encodeJpeg, scaledCanvas } from './picture.ts'

interface Params {
  readonly annotations: number
  readonly seed: number
  readonly columns: number
  readonly tile_px: number
  readonly context: number
  readonly quality: number
}

interface Inputs {
  readonly images: Collection<ImageRef>
  readonly instances: Collection<Instances>
}

/** One annotation that was drawn by lot. */
interface Drawn {
  readonly rank: string
  readonly item: string
  readonly instance: number
}

interface Tile {
  readonly caption: string
  readonly canvas: Canvas
}

const PAPER: Rgb = [250, 250, 248]
const INK: Rgb = [30, 30, 34]
const MARGIN_PX = 8

export const viewAnnotationSheet = defineNode<Params, Inputs>({
  name: 'view/annotation-sheet',
  version: 1,
  description:
    'One picture of some annotations drawn by lot, each cut out with its surroundings: mask, box and class, under the item and the position of the instance in it. Shows at a glance whether masks fit their pictures.',
  mode: 'collection',
  lane: 'cpu',
  runtimes: ['sharp'],
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      annotations: { type: 'integer', minimum: 1, maximum: 200, default: 20, description: 'How many.' },
      seed: {
        type: 'integer',
        default: 0,
        description: 'Other numbers draw others: those whose hash of seed, item and instance comes first.',
      },
      columns: { type: 'integer', minimum: 1, maximum: 20, default: 5, description: 'Tiles in a row.' },
      tile_px: { type: 'integer', minimum: 64, maximum: 1024, default: 240, description: 'Side of a tile.' },
      context: {
        type: 'number',
        minimum: 0,
        maximum: 10,
        default: 0.5,
        description: 'Surroundings on each side, as a share of the longer side of the annotation.',
      },
      quality: { type: 'integer', minimum: 1, maximum: 100, default: 88, description: 'JPEG quality.' },
    },
  },
  inputs: {
    images: { kind: 'image', per: 'item', description: 'The pictures.' },
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'Their annotations. Those without a picture of their size cannot be drawn and are counted.',
    },
  },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'jpg', description: 'The sheet, a JPEG.' } },
  example: `
sheet:
  uses: view/annotation-sheet
  in: { images: images.images, instances: truth.instances }
`,
  run: async ({ images, instances }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const { chosen, left } = await drawLots(instances, images, params)
    if (left > 0) context.note(`${left} annotations cannot be drawn: there is no image of their size`)
    const tiles = new Map<Drawn, Tile>()
    for await (const { id, values } of walkOuter<Instances | ImageRef>([instances, images])) {
      const here = chosen.filter(({ item }) => item === id)
      if (here.length === 0) continue
      const [own, image] = values as [Instances, ImageRef]
      checkDrawable(own, image, classes, `item ${id}`)
      const picture = await readRgb(image, context)
      for (const one of here) tiles.set(one, await drawTile(picture, own, one, classes, params))
    }
    const inOrder = chosen.map(one => tiles.get(one)!)
    return { file: await encodeJpeg(layOut(inOrder, params), params.quality) }
  },
})

/** The first by rank, then in order of item and instance; `left`: annotations without a picture of their size. */
async function drawLots(
  instances: Collection<Instances>,
  images: Collection<ImageRef>,
  { annotations, seed }: Params,
): Promise<{ readonly chosen: readonly Drawn[]; readonly left: number }> {
  let best: Drawn[] = []
  let left = 0
  const keepBest = () => {
    best.sort((a, b) => (a.rank < b.rank ? -1 : 1))
    best = best.slice(0, annotations)
  }
  for await (const { id, values } of walkOuter<Instances | ImageRef>([instances, images])) {
    const [own, image] = values as [Instances?, ImageRef?]
    const count = own?.labels.length ?? 0
    if (image?.heightPx !== own?.sizeHw[0] || image?.widthPx !== own?.sizeHw[1]) {
      left += count
      continue
    }
    for (let i = 0; i < count; i++) best.push({ rank: sha256(`${seed}/${id}/${i}`), item: id, instance: i })
    if (best.length > 10 * annotations) keepBest()
  }
  keepBest()
  best.sort((a, b) => (a.item === b.item ? a.instance - b.instance : a.item < b.item ? -1 : 1))
  return { chosen: best, left }
}

async function drawTile(
  picture: RgbPixels,
  own: Instances,
  { item, instance }: Drawn,
  classes: ClassList,
  { tile_px: tilePx, context }: Params,
): Promise<Tile> {
  const one = selectMasks(own.masks, [instance])
  const [x1, y1, x2, y2] = Array.from(own.boxesXyxy.subarray(4 * instance, 4 * instance + 4)) as Box
  const [left, top, right, bottom] = around([x1, y1, x2, y2], maskBoxesXyxy(one), own.sizeHw, context)
  const cut = await scaledCanvas(cutOut(picture, left, top, right, bottom), tilePx)
  const inTile: Instances = {
    sizeHw: [bottom - top, right - left],
    boxesXyxy: Float64Array.of(x1 - left, y1 - top, x2 - left, y2 - top),
    scores: Float64Array.of(1),
    labels: own.labels.slice(instance, instance + 1),
    masks: moveMasks(one, -left, -top, [bottom - top, right - left]),
    areasPx: Float64Array.of(0),
  }
  drawInstances(cut, inTile, {
    classes,
    colors: classes.map((_, label) => classColor(label)),
    minScore: 0,
    maxInstances: 1,
    textScale: 1,
  })
  return { caption: `${item} #${instance}`, canvas: cut }
}

type Box = [number, number, number, number]

/** The window of the picture to show: whole pixels around box and mask, at least 24 wide and high where there is room. */
function around(
  box: Box,
  maskBox: ArrayLike<number>,
  [height, width]: readonly [number, number],
  context: number,
): Box {
  const hasMask = maskBox[2]! > maskBox[0]!
  const [x1, y1] = [0, 1].map(side => (hasMask ? Math.min(box[side]!, maskBox[side]!) : box[side]!)) as [number, number]
  const [x2, y2] = [2, 3].map(side => (hasMask ? Math.max(box[side]!, maskBox[side]!) : box[side]!)) as [number, number]
  const reach = Math.max((1 + 2 * context) * Math.max(x2 - x1, y2 - y1), 24) / 2
  const [left, right] = window((x1 + x2) / 2, reach, width)
  const [top, bottom] = window((y1 + y2) / 2, reach, height)
  return [left, top, right, bottom]
}

function window(centre: number, reach: number, side: number): [number, number] {
  const low = Math.min(Math.max(0, Math.floor(centre - reach)), side - 1)
  return [low, Math.max(low + 1, Math.min(side, Math.ceil(centre + reach)))]
}

function cutOut({ rgb, widthPx }: RgbPixels, left: number, top: number, right: number, bottom: number): RgbPixels {
  const rowBytes = 3 * (right - left)
  const cut = new Uint8Array(rowBytes * (bottom - top))
  for (let y = top; y < bottom; y++) {
    const from = 3 * (y * widthPx + left)
    cut.set(rgb.subarray(from, from + rowBytes), (y - top) * rowBytes)
  }
  return { rgb: cut, widthPx: right - left, heightPx: bottom - top }
}

function layOut(tiles: readonly Tile[], { columns, tile_px: tilePx }: Params): Canvas {
  const [, captionPx] = textSizePx('', 1)
  const across = Math.max(1, Math.min(columns, tiles.length))
  const cellPx = tilePx + captionPx + 4 + MARGIN_PX
  const rows = Math.ceil(tiles.length / across)
  const sheet = newCanvas(MARGIN_PX + across * (tilePx + MARGIN_PX), MARGIN_PX + Math.max(1, rows) * cellPx, PAPER)
  if (tiles.length === 0) drawText(sheet, 'no annotations', MARGIN_PX, MARGIN_PX, 1, INK)
  for (const [i, { caption, canvas }] of tiles.entries()) {
    const x = MARGIN_PX + (i % across) * (tilePx + MARGIN_PX)
    const y = MARGIN_PX + Math.floor(i / across) * cellPx
    drawText(sheet, fitting(caption, tilePx), x, y, 1, INK)
    pasteCanvas(sheet, canvas, x, y + captionPx + 4)
  }
  return sheet
}

/** The end of a caption tells annotations apart, so the beginning goes. */
function fitting(text: string, widthPx: number): string {
  return textSizePx(text, 1)[0] <= widthPx ? text : fitting(text.slice(1), widthPx)
}
