import { parentPort } from 'node:worker_threads'
import type { FromWorker, FromWorkerBatch, ToWorker } from './protocol.ts'
import { serveWorker } from './worker.ts'

/** Entry of a worker thread: nodes of the cpu and io lanes. Blobs are transferred, not copied, where that is possible. */
if (parentPort === null) throw new Error('internal: this module runs in a worker thread')
const port = parentPort

serveWorker({
  send,
  onMessage: listener => void port.on('message', message => listener(message as ToWorker)),
  end: () => port.close(),
})

function send(messages: FromWorkerBatch): void {
  try {
    port.postMessage(messages, messages.flatMap(transferables))
  } catch (error) {
    // From Node 21 on, memory of a native library (a picture encoded by sharp) cannot change hands: it is copied.
    if (!(error instanceof Error) || error.name !== 'DataCloneError') throw error
    port.postMessage(messages)
  }
}

/** Below this, copying costs less than handing over. */
const transferFromBytes = 16 * 1024

/** Buffers that belong to one blob alone; a view into something larger is copied by the post instead. */
function transferables(message: FromWorker): ArrayBuffer[] {
  if (message.type !== 'outcome') return []
  return message.outcome.blobs.flatMap(({ content }) =>
    content instanceof Uint8Array &&
    content.byteLength >= transferFromBytes &&
    content.buffer instanceof ArrayBuffer &&
    content.byteLength === content.buffer.byteLength
      ? [content.buffer]
      : [],
  )
}
