import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'

/**
 * Loaded with `node --import` into a run and all it starts: writes down every call of a graph, one JSON line each, into
 * the folder MASKLOOM_RECORD. What is written is enough to make the same calls again without the program: shapes, the
 * regions (their sizes decide which level is pooled), and which earlier call made the feature maps.
 */
const folder = process.env['MASKLOOM_RECORD']
if (folder !== undefined) {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
  const file = join(folder, `${process.pid}-${threadId}.jsonl`)
  const { create } = InferenceSession
  const { run } = InferenceSession.prototype
  const paths = new WeakMap()
  const makers = new WeakMap()
  let calls = 0

  InferenceSession.create = async function (path, ...rest) {
    const session = await create.call(this, path, ...rest)
    paths.set(session, `${basename(dirname(path))}/${basename(path)}`)
    return session
  }
  InferenceSession.prototype.run = async function (feeds, fetches, ...rest) {
    const outputs = await run.call(this, feeds, fetches, ...rest)
    const call = calls++
    for (const tensor of Object.values(outputs)) makers.set(tensor, call)
    const inputs = Object.entries(feeds).map(([name, tensor]) => {
      const from = makers.get(tensor)
      if (from !== undefined) return { name, from }
      const values = tensor.dims.length === 2 ? Buffer.from(tensor.data.buffer).toString('base64') : undefined
      return { name, dims: tensor.dims, values }
    })
    appendFileSync(file, `${JSON.stringify({ call, graph: paths.get(this), inputs, fetches })}\n`)
    return outputs
  }
}
