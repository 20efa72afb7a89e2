/** What turns the numbers of a network's output into probabilities. */
export type Activation = 'softmax' | 'sigmoid' | 'none'

/**
 * Chosen channels of one output [C, positions] as probabilities: out [K · positions], channel `channels[k]` at k. softmax
 * runs over all C channels of a position, in doubles, the largest logit taken off first; sigmoid is 1 / (1 + e^−x) in
 * doubles; both rounded to float32 once. `none` copies.
 */
export function activateChannels(
  output: Float32Array,
  channelCount: number,
  activation: Activation,
  channels: readonly number[],
): Float32Array {
  const positions = output.length / channelCount
  const out = new Float32Array(channels.length * positions)
  if (activation === 'softmax') {
    softmaxChannels(out, output, channelCount, channels)
    return out
  }
  for (const [k, channel] of channels.entries()) {
    const from = output.subarray(channel * positions, (channel + 1) * positions)
    const to = out.subarray(k * positions, (k + 1) * positions)
    if (activation === 'none') to.set(from)
    else for (let i = 0; i < positions; i++) to[i] = 1 / (1 + Math.exp(-from[i]!))
  }
  return out
}

function softmaxChannels(
  out: Float32Array,
  logits: Float32Array,
  channelCount: number,
  channels: readonly number[],
): void {
  const positions = logits.length / channelCount
  for (let i = 0; i < positions; i++) {
    let largest = Number.NEGATIVE_INFINITY
    for (let at = i; at < logits.length; at += positions) largest = Math.max(largest, logits[at]!)
    let sum = 0
    for (let at = i; at < logits.length; at += positions) sum += Math.exp(logits[at]! - largest)
    for (let k = 0; k < channels.length; k++)
      out[k * positions + i] = Math.exp(logits[channels[k]! * positions + i]! - largest) / sum
  }
}
