import { parentPort, workerData } from 'node:worker_threads'
import { type Diagnostic, TaskError } from '../../engine/base/diagnostic.ts'
import { createSessionHost } from './session-host.ts'
import type { Handle, KeptShapes, RunRequest, RunResult, Written } from './tensor.ts'

/**
 * Entry of the thread on which graphs run; it does nothing else, because the native call blocks it. Ends itself after
 * `close`: a thread that is terminated from outside while it is inside the native call takes the whole process down.
 */
export type ToThread =
  | { readonly do: 'run'; readonly id: number; readonly request: RunRequest }
  | { readonly do: 'write'; readonly id: number; readonly handle: Handle; readonly file: number }
  | { readonly do: 'read'; readonly id: number; readonly file: number; readonly shapes: KeptShapes }
  | { readonly do: 'release'; readonly handle: Handle }
  | { readonly do: 'close' }

export type FromThread =
  | { readonly id: number; readonly result: RunResult }
  | { readonly id: number; readonly written: Written }
  | { readonly id: number; readonly handle: Handle }
  | { readonly id: number; readonly failed: Diagnostic }
  /** `code`: of an error of the system. */
  | { readonly id: number; readonly crashed: string; readonly code?: string }

const port = parentPort
if (port !== null) {
  const { device, memoryBytes } = workerData as { readonly device: string; readonly memoryBytes: number }
  const host = createSessionHost(device, memoryBytes)
  port.on('message', (message: ToThread) => {
    if (message.do === 'release') host.release(message.handle)
    else if (message.do === 'close') void host.close().then(() => port.close())
    else if (message.do === 'write')
      answer(
        message.id,
        host.write(message.handle, message.file).then(written => ({ id: message.id, written })),
      )
    else if (message.do === 'read')
      answer(
        message.id,
        host.read(message.file, message.shapes).then(handle => ({ id: message.id, handle })),
      )
    else
      host.run(message.request).then(
        result => {
          const buffers = Object.values(result.tensors).map(tensor => tensor.data.buffer as ArrayBuffer)
          port.postMessage({ id: message.id, result } satisfies FromThread, [...new Set(buffers)])
        },
        (error: unknown) => port.postMessage(failure(message.id, error)),
      )
  })
}

function answer(id: number, result: Promise<FromThread>): void {
  result.catch((error: unknown) => failure(id, error)).then(message => port?.postMessage(message))
}

/** Classes do not survive the way to another thread; diagnostics, being data, do. */
function failure(id: number, error: unknown): FromThread {
  if (error instanceof TaskError) return { id, failed: error.diagnostic }
  const crashed = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const { code } = error as NodeJS.ErrnoException
  return { id, crashed, ...(typeof code === 'string' && { code }) }
}
