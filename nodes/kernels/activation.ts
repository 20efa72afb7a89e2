import { type Flip, mirrorsX, mirrorsY } from './box-geometry.ts'

/**
 * Softmax of each row of `logits` [N · C] in doubles, the largest logit taken off first. Only `columns` are written:
 * out [N · columns.length] (background and columns without a class take part in the sum but are not returned).
 */
export function softmaxColumns(logits: Float32Array, rowLength: number, columns: ArrayLike<number>): Float32Array {
  const rows = logits.length / rowLength
  const out = new Float32Array(rows * columns.length)
  const exponentials = new Float64Array(rowLength)
  for (let row = 0; row < rows; row++) {
    const at = row * rowLength
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < rowLength; i++) largest = Math.max(largest, logits[at + i]!)
    let sum = 0
    for (let i = 0; i < rowLength; i++) {
      const value = Math.exp(logits[at + i]! - largest)
      exponentials[i] = value
      sum += value
    }
    for (let i = 0; i < columns.length; i++) out[row * columns.length + i] = exponentials[columns[i]!]! / sum
  }
  return out
}

/**
 * Sigmoid of one channel of each of N maps: `logits` [N, C, M, M], `channels` [N] → [N · M · M], mirrored back when the
 * view was (the last axis for a horizontal flip, the one before it for a vertical one, both for a half turn).
 */
export function sigmoidChannels(
  logits: Float32Array,
  channelCount: number,
  sizePx: number,
  channels: ArrayLike<number>,
  flip: Flip = 'none',
): Float32Array {
  const area = sizePx * sizePx
  const mirrorX = mirrorsX(flip)
  const mirrorY = mirrorsY(flip)
  const out = new Float32Array(channels.length * area)
  for (let i = 0; i < channels.length; i++) {
    const from = (i * channelCount + channels[i]!) * area
    for (let row = 0; row < sizePx; row++) {
      const fromRow = from + (mirrorY ? sizePx - 1 - row : row) * sizePx
      const toRow = i * area + row * sizePx
      for (let column = 0; column < sizePx; column++) {
        const logit = logits[fromRow + (mirrorX ? sizePx - 1 - column : column)]!
        out[toRow + column] = 1 / (1 + Math.exp(-logit))
      }
    }
  }
  return out
}
