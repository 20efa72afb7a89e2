import { statSync } from 'node:fs'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { readFloats, writeFloats } from '../values/scratch-floats.ts'
import { createSession, firstLine, type InferenceSession, loadOnnxruntime, type OnnxTensor } from './runtime.ts'
import type { Handle, KeptShapes, KeptTensor, OnnxSessions, RunRequest, RunResult, Tensor, Written } from './tensor.ts'

/** Graph files whose sessions stay open at the same time, together; the least recently used one goes first. */
const MOST_OPEN_BYTES = 2 * 1024 ** 3

/** A process that may hold less than this opens its sessions without an arena. */
const LEAST_FOR_ARENAS_BYTES = 1024 ** 3

/**
 * Sessions and kept outputs of one device on this thread. `run` and opening a graph block the thread inside the native
 * library, so the engine puts a host on a thread of its own (`session-thread.ts`); tests use it directly.
 *
 * @param memoryBytes what the process should hold at most. Graph files of half of it stay open. New sessions get an arena
 *   while the process holds less than half of it; sessions are closed, one after a run, while it holds more.
 */
export function createSessionHost(device: string, memoryBytes: number = Number.POSITIVE_INFINITY): OnnxSessions {
  const openBytes = Math.min(MOST_OPEN_BYTES, memoryBytes / 2)
  // A Map keeps insertion order: the first entry is the least recently used.
  const sessions = new Map<string, { session: InferenceSession; bytes: number }>()
  const kept = new Map<Handle, Map<string, OnnxTensor>>()
  let nextHandle: Handle = 1
  let queue: Promise<unknown> = Promise.resolve()

  async function open(modelPath: string): Promise<InferenceSession> {
    const known = sessions.get(modelPath)
    if (known !== undefined) {
      sessions.delete(modelPath)
      sessions.set(modelPath, known)
      return known.session
    }
    const entry = {
      session: await createSession(modelPath, device, hasRoomForArena()),
      bytes: statSync(modelPath).size,
    }
    sessions.set(modelPath, entry)
    let total = 0
    for (const { bytes } of sessions.values()) total += bytes
    for (const [path, { session, bytes }] of sessions) {
      if (total <= openBytes || path === modelPath) break
      sessions.delete(path)
      total -= bytes
      await session.release()
    }
    return entry.session
  }

  function hasRoomForArena(): boolean {
    return memoryBytes >= LEAST_FOR_ARENAS_BYTES && process.memoryUsage.rss() < memoryBytes / 2
  }

  /** Closes the least recently used session, if there is more than one. */
  async function closeOldest(): Promise<void> {
    const [oldest] = sessions
    if (oldest === undefined || sessions.size === 1) return
    sessions.delete(oldest[0])
    await oldest[1].session.release()
  }

  async function run(request: RunRequest): Promise<RunResult> {
    const { Tensor: OrtTensor } = await loadOnnxruntime()
    const session = await open(request.modelPath)
    const feeds: { [input: string]: OnnxTensor } = {}
    for (const [input, feed] of Object.entries(request.feeds))
      feeds[input] = 'handle' in feed ? keptTensor(feed) : new OrtTensor('float32', feed.data, feed.dims)
    let outputs: { readonly [output: string]: OnnxTensor }
    try {
      outputs = await session.run(feeds, [...request.fetch, ...request.keep])
    } catch (cause) {
      throw runError(request, cause)
    }
    const tensors: { [output: string]: Tensor } = {}
    for (const output of request.fetch) tensors[output] = floatTensor(request, output, outputs[output]!)
    if (process.memoryUsage.rss() > memoryBytes) await closeOldest()
    if (request.keep.length === 0) return { tensors, handleBytes: 0 }
    const handle = nextHandle++
    let handleBytes = 0
    const maps = new Map<string, OnnxTensor>()
    for (const output of request.keep) {
      const tensor = outputs[output]!
      maps.set(output, tensor)
      handleBytes += 4 * tensor.size
    }
    kept.set(handle, maps)
    return { tensors, handle, handleBytes }
  }

  async function write(handle: Handle, file: number): Promise<Written> {
    const outputs = [...(kept.get(handle) ?? [])]
    const workMs = writeFloats(
      file,
      outputs.map(([, tensor]) => tensor.data as Float32Array),
    )
    return { shapes: outputs.map(([output, { dims }]) => ({ output, dims: [...dims] })), workMs }
  }

  async function read(file: number, shapes: KeptShapes): Promise<Handle> {
    const { Tensor: OrtTensor } = await loadOnnxruntime()
    const arrays = readFloats(
      file,
      shapes.map(({ dims }) => dims.reduce((size, dim) => size * dim, 1)),
    )
    const handle = nextHandle++
    const tensors = shapes.map(({ output, dims }, i) => [output, new OrtTensor('float32', arrays[i]!, dims)] as const)
    kept.set(handle, new Map(tensors))
    return handle
  }

  function keptTensor({ handle, output }: KeptTensor): OnnxTensor {
    const tensor = kept.get(handle)?.get(output)
    if (tensor === undefined) throw new Error(`internal: output ${output} of handle ${handle} is not kept`)
    return tensor
  }

  /** Calls come one after the other; a failed one does not stop the next. */
  function enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  return {
    run: request => enqueue(() => run(request)),
    write,
    read,
    release: handle => {
      void enqueue(async () => {
        for (const tensor of kept.get(handle)?.values() ?? []) tensor.dispose()
        kept.delete(handle)
      })
    },
    close: () =>
      enqueue(async () => {
        kept.clear()
        for (const { session } of sessions.values()) await session.release()
        sessions.clear()
      }),
  }
}

/** The tensor's numbers in an array of their own, so that its buffer can be transferred to another thread. */
function floatTensor(request: RunRequest, output: string, tensor: OnnxTensor): Tensor {
  const data = tensor.data
  if (!(data instanceof Float32Array))
    throw new TaskError({
      code: 'bad-model',
      message: `output ${output} of ${request.modelPath} has the type ${tensor.type}, expected float32`,
    })
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength && !request.keep.includes(output)
  return { dims: [...tensor.dims], data: whole ? data : data.slice() }
}

function runError(request: RunRequest, cause: unknown): TaskError {
  const shapes = Object.entries(request.feeds).map(([input, feed]) =>
    'handle' in feed ? `${input} (kept)` : `${input} [${feed.dims.join(', ')}]`,
  )
  return new TaskError(
    {
      code: 'inference-failed',
      message: `${request.modelPath} failed on ${shapes.join(', ')}: ${firstLine(cause)}`,
      fix: 'if memory ran out, use fewer --slots or a smaller scale',
    },
    { cause },
  )
}
