import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { env, InferenceSession, Tensor } from 'onnxruntime-node'

/**
 * The calls of a recorded run and nothing else: one process, one thread, random pixels of the recorded shapes.
 * node overhead-bare.mjs RECORD MODELS → prints the milliseconds it took.
 */
env.logLevel = 'fatal'
const [record, models] = process.argv.slice(2)
const calls = readFileSync(record, 'utf8')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))
for (const call of calls) {
  for (const input of call.inputs) {
    if (input.values === undefined) continue
    const bytes = Buffer.from(input.values, 'base64')
    input.data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  }
}
/** By call that makes feature maps: the last call that reads them. */
const lastUse = new Map(
  calls.flatMap(({ call, inputs }) => inputs.flatMap(({ from }) => (from === undefined ? [] : [[from, call]]))),
)
const pixels = new Map()
for (const { inputs } of calls) {
  for (const { dims, data } of inputs) {
    if (dims === undefined || data !== undefined || pixels.has(`${dims}`)) continue
    pixels.set(
      `${dims}`,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.random() * 4 - 2),
    )
  }
}

const startedMs = performance.now()
const sessions = new Map()
const kept = new Map()
for (const { call, graph, inputs, fetches } of calls) {
  const path = join(models, graph)
  if (!sessions.has(path)) {
    const options = {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    }
    sessions.set(path, await InferenceSession.create(path, options))
  }
  const feeds = {}
  for (const { name, from, dims, data } of inputs)
    feeds[name] = from === undefined ? new Tensor('float32', data ?? pixels.get(`${dims}`), dims) : kept.get(from)[name]
  const outputs = await sessions.get(path).run(feeds, fetches)
  if (lastUse.has(call)) kept.set(call, outputs)
  for (const { from } of inputs) {
    if (from === undefined || lastUse.get(from) !== call || !kept.has(from)) continue
    for (const tensor of Object.values(kept.get(from))) tensor.dispose()
    kept.delete(from)
  }
}
console.log(JSON.stringify({ calls: calls.length, wallMs: performance.now() - startedMs }))
