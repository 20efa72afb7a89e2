// The JavaScript half of check_pycocotools.py: requests on stdin, answers on stdout, each a JSON head with a payload.
// Kernels come from the build; KERNELS names another folder of them.
import { pathToFileURL } from 'node:url'

const folder = process.env.KERNELS
  ? pathToFileURL(`${process.env.KERNELS}/`)
  : new URL('../../../dist/nodes/kernels/', import.meta.url)
const load = name => import(new URL(`${name}.js`, folder).href)
const [rle, strings, iou, algebra, polygon, sets] = await Promise.all(
  ['rle', 'mask-strings', 'mask-iou', 'mask-algebra', 'polygon', 'mask-sets'].map(load),
)

const answers = { masks: answerMasks, polygons: answerPolygons }

function answerMasks({ sizeHw, count, crowd }, payload) {
  const area = sizeHw[0] * sizeHw[1]
  const dense = Array.from({ length: 2 * count }, (_, k) => payload.subarray(k * area, (k + 1) * area))
  const masks = sets.concatMasks(dense.filter((_, k) => k % 2 === 0).map(d => rle.encodeDense(d, sizeHw, 'column-major')))
  const rows = sets.concatMasks(dense.filter((_, k) => k % 2 === 1).map(d => rle.encodeDense(d, sizeHw, 'row-major')))
  const texts = strings.maskTexts(masks)
  const back = strings.textsToMaskSet(texts, sizeHw)
  const decoded = texts.flatMap((_, i) =>
    ['column-major', 'row-major'].map(order => rle.decodeDense(back, i, order)),
  )
  const head = {
    textsColumn: texts,
    textsRow: strings.maskTexts(rows),
    areas: [...rle.maskAreas(masks)],
    boxes: [...rle.maskBoxesXywh(masks)],
    iou: [...iou.maskIou(masks, masks)],
    iouCrowd: [...iou.maskIou(masks, rows, { crowd: Uint8Array.from(crowd) })],
    union: strings.maskTexts(algebra.unionOfAll(masks))[0],
    intersection: strings.maskTexts(algebra.intersectionOfAll(sets.selectMasks(masks, [0, 1])))[0],
  }
  return [head, Buffer.concat(decoded)]
}

function answerPolygons({ work }) {
  return [{ texts: work.map(({ xy, sizeHw }) => strings.maskTexts(polygon.polygonToMask(xy, sizeHw))[0]) }, Buffer.alloc(0)]
}

function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

let parts = []
let held = 0
let head
for await (const chunk of process.stdin) {
  parts.push(chunk)
  held += chunk.length
  for (;;) {
    const needed = head ? head.payloadBytes : 4
    if (held < needed) break
    let bytes = Buffer.concat(parts)
    if (!head) {
      const length = bytes.readUInt32LE(0)
      if (bytes.length < 4 + length) break
      head = JSON.parse(bytes.subarray(4, 4 + length).toString())
      bytes = bytes.subarray(4 + length)
    }
    parts = [bytes]
    held = bytes.length
    if (held < head.payloadBytes) break
    const [answer, payload] = answers[head.kind](head, bytes.subarray(0, head.payloadBytes))
    const text = Buffer.from(JSON.stringify(answer))
    process.stdout.write(Buffer.concat([uint32(text.length), uint32(payload.length), text, payload]))
    parts = [bytes.subarray(head.payloadBytes)]
    held = parts[0].length
    head = undefined
  }
}
