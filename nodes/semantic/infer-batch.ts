import type { RunContext } from '../../engine/contract/node.ts'
import type { OpenSemanticModel } from '../model/open-model.ts'
import { sessionsOf } from '../model/open-model.ts'
import type { Tensor } from '../onnx/tensor.ts'

type Outputs = { readonly [output: string]: Tensor }

/**
 * Answers to several inputs, in their order, each [1, …]. Inputs of one size go through the graph together, as many as
 * the model says. The first batch of each size in a worker is checked (another size may be computed another way): its first
 * input is also shown alone, and if a single bit differs the model is shown one picture at a time from then on, because
 * results must not depend on who came along.
 */
export async function inferAll(
  inputs: readonly Tensor[],
  fetch: readonly string[],
  model: OpenSemanticModel,
  context: RunContext,
): Promise<readonly Outputs[]> {
  const sessions = await sessionsOf(context)
  const batches = await context.resource(`batches of ${model.folder.sha256} on ${context.device}`, async () => ({
    stable: true,
    checked: new Set<string>(),
    close: async () => {},
  }))
  const run = async (dims: readonly number[], data: Float32Array): Promise<Outputs> =>
    (
      await sessions.run({
        modelPath: model.graphPath(model.file),
        feeds: { [model.inputName]: { dims, data } },
        fetch,
        keep: [],
      })
    ).tensors
  const answers: Outputs[] = []
  for (const places of placesBySize(inputs)) {
    for (let at = 0; at < places.length; ) {
      const size = !batches.stable ? 1 : Math.min(model.batch, places.length - at)
      const group = places.slice(at, at + size)
      at += size
      if (size === 1) {
        const { dims, data } = inputs[group[0]!]!
        answers[group[0]!] = await run(dims, data)
        continue
      }
      const together = group.map(place => inputs[place]!)
      const dims = [size, ...together[0]!.dims.slice(1)]
      const first = batches.checked.has(dims.join()) ? undefined : together[0]!.data.slice()
      const shares = split(await run(dims, joined(together)), size)
      for (const [i, place] of group.entries()) answers[place] = shares[i]!
      if (first === undefined) continue
      const alone = await run(together[0]!.dims, first)
      batches.checked.add(dims.join())
      if (sameBits(alone, shares[0]!)) continue
      batches.stable = false
      context.note(`${model.name} answers otherwise in a batch than alone; it is shown one picture at a time`)
      answers[group[0]!] = alone
      for (const place of group.slice(1)) answers[place] = await run(inputs[place]!.dims, inputs[place]!.data)
    }
  }
  return answers
}

function placesBySize(inputs: readonly Tensor[]): readonly number[][] {
  const bySize = new Map<string, number[]>()
  for (const [place, { dims }] of inputs.entries()) {
    const places = bySize.get(dims.join()) ?? []
    bySize.set(dims.join(), places)
    places.push(place)
  }
  return [...bySize.values()]
}

function joined(inputs: readonly Tensor[]): Float32Array {
  const length = inputs[0]!.data.length
  const all = new Float32Array(inputs.length * length)
  for (const [i, { data }] of inputs.entries()) all.set(data, i * length)
  return all
}

function split(outputs: Outputs, count: number): readonly Outputs[] {
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => {
        const length = data.length / count
        return [name, { dims: [1, ...dims.slice(1)], data: data.slice(i * length, (i + 1) * length) }]
      }),
    ),
  )
}

function sameBits(a: Outputs, b: Outputs): boolean {
  return Object.entries(a).every(([name, { data }]) => {
    const left = new Uint32Array(data.buffer, data.byteOffset, data.length)
    const other = b[name]!.data
    const right = new Uint32Array(other.buffer, other.byteOffset, other.length)
    return left.length === right.length && left.every((bits, i) => bits === right[i])
  })
}
