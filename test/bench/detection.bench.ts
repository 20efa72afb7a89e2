import { bench, describe } from 'vitest'
import { CLAMP_LOG_SIZE } from '../../nodes/kernels/box-coder.ts'
import { classNms } from '../../nodes/kernels/class-nms.ts'
import { greedyNms } from '../../nodes/kernels/nms.ts'
import { resizeTorch } from '../../nodes/kernels/resize-torch.ts'
import { decodeRpn } from '../../nodes/kernels/rpn.ts'

/** A repeatable stream of numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function someBoxes(count: number, random: () => number): Float64Array {
  const boxes = new Float64Array(4 * count)
  for (let i = 0; i < count; i++) {
    const x = 1200 * random()
    const y = 700 * random()
    boxes.set([x, y, x + 10 + 150 * random(), y + 10 + 150 * random()], 4 * i)
  }
  return boxes
}

describe('one 1024 × 768 picture at 1066 × 800', () => {
  const rgb = Uint8Array.from({ length: 1024 * 768 * 3 }, (_, i) => i * 7919)
  const rule = {
    channelOrder: 'rgb',
    valueRange: [0, 1],
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  } as const
  bench('bilinear, normalise, transpose, pad', () => {
    resizeTorch(rgb, [768, 1024], [800, 1066], 32, rule, 'horizontal')
  })

  const random = numbers(1)
  const levels = [4, 8, 16, 32, 64].map(stridePx => {
    const gridHw = [Math.ceil(800 / stridePx), Math.ceil(1088 / stridePx)] as const
    const cells = gridHw[0] * gridHw[1]
    return {
      stridePx,
      sizesPx: [8 * stridePx],
      ratios: [0.5, 1, 2],
      gridHw,
      objectness: Float32Array.from({ length: 3 * cells }, () => 8 * random() - 6),
      deltas: Float32Array.from({ length: 12 * cells }, () => random() - 0.5),
    }
  })
  const rules = {
    deltaWeights: [1, 1, 1, 1],
    clampLogSize: CLAMP_LOG_SIZE,
    clamp: 'upper',
    nmsIou: 0.7,
    minSidePx: 1e-3,
  } as const
  bench('RPN: 217,413 anchors, 1000 a level, 1000 proposals', () => {
    decodeRpn(levels, [800, 1066], { ...rules, topPerLevel: 1000, max: 1000 })
  })
})

describe('NMS', () => {
  const random = numbers(2)
  for (const count of [300, 2000]) {
    const boxes = someBoxes(count, random)
    const scores = Float64Array.from({ length: count }, random)
    bench(`${count} boxes in one group`, () => {
      greedyNms(boxes, scores, 0.5)
    })
  }

  const probabilities = Float32Array.from({ length: 1000 * 275 }, () => random() ** 8)
  const input = {
    classCount: 275,
    boxesPerProposal: 1,
    probabilities,
    boxesXyxy: Float32Array.from(someBoxes(1000, random)),
  }
  bench('1000 proposals × 275 classes, score > 0, best 120', () => {
    classNms(input, { scoreThreshold: 0, iouThreshold: 0.5, max: 120, minSidePx: 0.01 })
  })
})
