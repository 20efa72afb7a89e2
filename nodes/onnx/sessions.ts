import { Worker } from 'node:worker_threads'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { createSessionHost } from './session-host.ts'
import type { FromThread, ToThread } from './session-thread.ts'
import type { Handle, OnnxSessions, RunResult, Written } from './tensor.ts'

/** Graphs run on this thread; for tests and scripts, because every run blocks it. */
export async function openOnnxInProcess(device: string): Promise<OnnxSessions> {
  return createSessionHost(device)
}

type Answer = RunResult | Written | Handle

interface Waiting {
  readonly resolve: (result: Answer) => void
  readonly reject: (error: Error) => void
}

/**
 * Graphs run on a thread of their own. Inputs are transferred to it and fetched outputs back, never cloned; kept outputs
 * stay there.
 *
 * @param memoryBytes what the process should hold at most.
 */
export async function openOnnxThread(
  device: string,
  memoryBytes: number = Number.POSITIVE_INFINITY,
): Promise<OnnxSessions> {
  // Beside this file in the same form: .ts when run from source, .js when built.
  const entry = new URL(
    import.meta.url.endsWith('.ts') ? './session-thread.ts' : './session-thread.js',
    import.meta.url,
  )
  const thread = new Worker(entry, { workerData: { device, memoryBytes } })
  const waiting = new Map<number, Waiting>()
  let nextId = 1
  let lost: Error | undefined

  thread.on('message', (message: FromThread) => {
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if ('result' in message) call?.resolve(message.result)
    else if ('written' in message) call?.resolve(message.written)
    else if ('handle' in message) call?.resolve(message.handle)
    else if ('failed' in message) call?.reject(new TaskError(message.failed))
    else call?.reject(Object.assign(new Error(message.crashed), message.code !== undefined && { code: message.code }))
  })
  const ended = new Promise<void>(resolve => thread.once('exit', () => resolve()))
  thread.once('error', error => lose(error))
  thread.once('exit', () => lose(new Error('internal: the inference thread has ended')))

  function lose(error: Error): void {
    lost ??= error
    for (const call of waiting.values()) call.reject(lost)
    waiting.clear()
  }

  function ask<T extends Answer>(message: (id: number) => ToThread, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    if (lost !== undefined) return Promise.reject(lost)
    const id = nextId++
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve: answer => resolve(answer as T), reject })
      post(message(id), transfer)
    })
  }

  function post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    thread.postMessage(message, transfer)
  }

  return {
    run: request => {
      const buffers = new Set<ArrayBuffer>()
      for (const feed of Object.values(request.feeds)) {
        if (!('handle' in feed) && feed.data.buffer instanceof ArrayBuffer) buffers.add(feed.data.buffer)
      }
      return ask<RunResult>(id => ({ do: 'run', id, request }), [...buffers])
    },
    write: (handle, file) => ask<Written>(id => ({ do: 'write', id, handle, file })),
    read: (file, shapes) => ask<Handle>(id => ({ do: 'read', id, file, shapes })),
    release: handle => {
      if (lost === undefined) post({ do: 'release', handle })
    },
    close: async () => {
      if (lost === undefined) post({ do: 'close' })
      await ended
    },
  }
}

/** Name under which nodes keep the sessions of a worker (`RunContext.resource`). */
export function sessionsResource(device: string): string {
  return `onnxruntime ${device}`
}
