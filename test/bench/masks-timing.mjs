// The JavaScript half of compare_masks.py: node masks-timing.mjs WORK.json ROUNDS → times in µs as JSON.
// Kernels come from the build; KERNELS names another folder of them.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const folder = process.env.KERNELS
  ? pathToFileURL(`${process.env.KERNELS}/`)
  : new URL('../../dist/nodes/kernels/', import.meta.url)
const load = name => import(new URL(`${name}.js`, folder).href)
const [rle, text, strings, iou, algebra, polygon, sets] = await Promise.all(
  ['rle', 'rle-string', 'mask-strings', 'mask-iou', 'mask-algebra', 'polygon', 'mask-sets'].map(load),
)
const work = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const rounds = Number(process.argv[3])

function best(run, per) {
  // Warm until the optimising compiler has settled.
  for (const end = performance.now() + 250; performance.now() < end; ) run()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    run()
    least = Math.min(least, performance.now() - begin)
  }
  return (least / per) * 1000
}

function timeSet({ sizeHw, texts }) {
  const counts = texts.map(one => text.decodeCounts(one, sizeHw))
  const masks = rle.countsToMaskSet(counts, sizeHw)
  const copy = sets.concatMasks([masks])
  const n = texts.length
  const each = Array.from({ length: n }, (_, i) => i)
  const [column, row] = ['column-major', 'row-major'].map(order => each.map(i => rle.decodeDense(masks, i, order)))
  const bytes = texts.map(one => Buffer.from(one, 'latin1'))
  return {
    'encode row-major': best(() => row.forEach(dense => void rle.encodeDense(dense, sizeHw, 'row-major')), n),
    'encode column-major': best(() => column.forEach(dense => void rle.encodeDense(dense, sizeHw, 'column-major')), n),
    'decode column-major': best(() => each.forEach(i => void rle.decodeDense(masks, i, 'column-major')), n),
    'decode row-major': best(() => each.forEach(i => void rle.decodeDense(masks, i, 'row-major')), n),
    area: best(() => Array.from({ length: 20 }, () => rle.maskAreas(masks)), 20 * n),
    box: best(() => Array.from({ length: 20 }, () => rle.maskBoxesXywh(masks)), 20 * n),
    iou: best(() => iou.maskIou(masks, masks), n * n),
    'iou of two sets': best(() => iou.maskIou(masks, copy), n * n),
    'union of all': best(() => algebra.unionOfAll(masks), 1),
    'to text': best(() => strings.maskTexts(masks), n),
    'from text': best(() => strings.textsToMaskSet(bytes, sizeHw), n),
    'counts to text': best(() => counts.forEach(list => void text.encodeCounts(list)), n),
    'text to counts': best(() => bytes.forEach(one => void text.decodeCounts(one, sizeHw)), n),
    iouSum: iou.maskIou(masks, copy).reduce((sum, value) => sum + value, 0),
  }
}

function timePolygons({ sizeHw, polygons }) {
  return { polygon: best(() => polygons.forEach(xy => void polygon.polygonToMask(xy, sizeHw)), polygons.length) }
}

const times = {}
for (const [name, one] of Object.entries(work)) times[name] = one.polygons ? timePolygons(one) : timeSet(one)
process.stdout.write(JSON.stringify(times))
