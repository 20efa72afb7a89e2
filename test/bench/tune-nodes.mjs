import { randomStream } from '../../dist/nodes/kernels/bootstrap.js'

/**
 * Invented cells for tune.mjs: ellipses of 8 to 40 px in frames of 520 × 704 (those of Sartorius), 30 to 60 in an image,
 * and what a model might make of them: nearly each one found, shifted and resized by some pixels, some found twice, some
 * things that are no cells. Better finds have higher scores.
 */

const frameHw = [520, 704]
const classes = ['round', 'long', 'star'].map(id => ({ id, name: id }))

function between(random, low, high) {
  return low + (high - low) * random()
}

/** Runs of an ellipse on the column-major sequence. */
function ellipseRuns({ x, y, a, b }, runs) {
  const [height, width] = frameHw
  for (let column = Math.max(0, Math.ceil(x - a)); column <= Math.min(width - 1, x + a); column++) {
    const half = b * Math.sqrt(Math.max(0, 1 - ((column - x) / a) ** 2))
    const top = Math.max(0, Math.ceil(y - half))
    const bottom = Math.min(height - 1, Math.floor(y + half))
    if (bottom >= top) runs.push([column * height + top, column * height + bottom + 1])
  }
}

function instancesOf(cells) {
  const starts = []
  const ends = []
  const offsets = [0]
  const boxes = []
  for (const cell of cells) {
    const runs = []
    ellipseRuns(cell, runs)
    for (const [start, end] of runs) {
      starts.push(start)
      ends.push(end)
    }
    offsets.push(starts.length)
    const { x, y, a, b } = cell
    boxes.push(Math.max(0, x - a), Math.max(0, y - b), Math.min(frameHw[1], x + a), Math.min(frameHw[0], y + b))
  }
  const masks = {
    sizeHw: frameHw,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    offsets: Uint32Array.from(offsets),
  }
  return {
    sizeHw: frameHw,
    boxesXyxy: Float64Array.from(boxes),
    scores: Float64Array.from(cells, ({ score }) => score ?? 1),
    labels: Int32Array.from(cells, ({ label }) => label),
    masks,
  }
}

function cellAt(random, label) {
  const a = between(random, 4, 20)
  return { x: between(random, 20, 684), y: between(random, 20, 500), a, b: a * between(random, 0.6, 1.6), label }
}

function moved(random, { x, y, a, b, label }, by) {
  const shift = () => between(random, -by, by)
  return { x: x + shift() * a, y: y + shift() * b, a: a * (1 + shift()), b: b * (1 + shift()), label }
}

function scene(image) {
  const random = randomStream(image)
  const label = image % classes.length
  const truth = Array.from({ length: Math.floor(between(random, 30, 61)) }, () => cellAt(random, label))
  const found = truth.flatMap(cell => {
    if (random() < 0.05) return []
    const first = { ...moved(random, cell, 0.12), score: between(random, 0.4, 1) }
    return random() < 0.2 ? [first, { ...moved(random, cell, 0.4), score: between(random, 0.1, 0.8) }] : [first]
  })
  const wrong = Array.from({ length: Math.floor(between(random, 3, 15)) }, () => ({
    ...cellAt(random, label),
    score: between(random, 0.05, 0.7),
  }))
  return { truth: instancesOf(truth), found: instancesOf([...found, ...wrong]) }
}

const instances = { kind: 'instances', per: 'item', description: 'Invented.' }

const cells = {
  name: 'bench/cells',
  version: 1,
  description: 'Invents images of cells, and predictions of them.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['images'],
    properties: { images: { type: 'integer', minimum: 1, description: 'How many.' } },
  },
  inputs: {},
  outputs: { truth: instances, found: instances, type: { kind: 'label', per: 'item', description: 'The class.' } },
  example: '',
  types: () => ({ truth: { classes }, found: { classes }, type: { classes } }),
  async *run(_, { images }) {
    for (let image = 0; image < images; image++) {
      const { truth, found } = scene(image)
      const type = { text: classes[image % classes.length].id }
      yield { id: `image${String(image).padStart(4, '0')}`, outputs: { truth, found, type } }
    }
  },
}

export const nodes = [cells]
