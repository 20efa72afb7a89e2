// A training program in small, without a framework: node train.mjs START LABELS EXPORTED RATE
//
// Moves the bias of the class logits of a two-stage model towards how often each class is annotated (logit adjustment):
// bias += RATE * (log((1 + n) / (C + N)) - mean over the classes). START is a model folder, LABELS a COCO file whose
// categories have the class id under `mid`; the graphs of the new model go to the folder EXPORTED.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [start, labels, exported, rateText] = process.argv.slice(2)
const rate = Number(rateText)
const bias = 'c.cls_score.bias'

/** Index in the network's columns and id of every class, from lines like `- { index: 1, id: /m/0k4j, name: Car }`. */
const classes = [
  ...readFileSync(join(start, 'model.yaml'), 'utf8').matchAll(/\{ index: (\d+), id: ([^,]+), name:/g),
].map(([, index, id]) => ({ index: Number(index), id }))

const { categories, annotations } = JSON.parse(readFileSync(labels, 'utf8'))
const idOf = new Map(categories.map(({ id, mid }) => [id, mid]))
const counts = new Map(classes.map(({ id }) => [id, 0]))
for (const { category_id } of annotations) {
  const id = idOf.get(category_id)
  if (counts.has(id)) counts.set(id, counts.get(id) + 1)
}
const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
const logs = classes.map(({ id }) => Math.log((1 + counts.get(id)) / (classes.length + total)))
const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length

for (const name of readdirSync(start)) {
  if (name.endsWith('.onnx')) copyFileSync(join(start, name), join(exported, name))
}
const graph = readFileSync(join(exported, 'box.onnx'))
const values = floatsOf(graph, bias)
for (const [i, { index }] of classes.entries()) {
  values.setFloat32(4 * index, values.getFloat32(4 * index, true) + rate * (logs[i] - mean), true)
}
writeFileSync(join(exported, 'box.onnx'), graph)
console.log(`${total} annotations of ${classes.length} classes, rate ${rate}`)

/** The raw data of a float tensor of an ONNX file, in place: ModelProto.graph.initializer with this name. */
function floatsOf(bytes, wanted) {
  for (const model of fields(bytes, 0, bytes.length)) {
    if (model.number !== 7) continue
    for (const tensor of fields(bytes, model.from, model.to)) {
      if (tensor.number !== 5) continue
      const parts = [...fields(bytes, tensor.from, tensor.to)]
      const name = parts.find(({ number }) => number === 8)
      const raw = parts.find(({ number }) => number === 9)
      if (raw === undefined || bytes.toString('utf8', name.from, name.to) !== wanted) continue
      return new DataView(bytes.buffer, bytes.byteOffset + raw.from, raw.to - raw.from)
    }
  }
  throw new Error(`the graph has no weights called ${wanted}`)
}

/** Fields of a protobuf message that have a length. */
function* fields(bytes, start, end) {
  let at = start
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < end) {
    const key = varint()
    const kind = key % 8
    if (kind === 2) {
      const length = varint()
      yield { number: (key - kind) / 8, from: at, to: at + length }
      at += length
    } else if (kind === 0) varint()
    else at += kind === 1 ? 8 : 4
  }
}
