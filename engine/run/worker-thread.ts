import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './protocol.ts'
import { serveWorker } from './worker.ts'

/** Entry of a worker thread: nodes of the cpu and io lanes. Blobs are transferred, never copied. */
if (parentPort === null) throw new Error('internal: this module runs in a worker thread')
const port = parentPort

serveWorker({
  send: (message: FromWorker) => port.postMessage(message, message.type === 'outcome' ? transferables(message) : []),
  onMessage: listener => void port.on('message', message => listener(message as ToWorker)),
  end: () => port.close(),
})

/** Buffers that belong to one blob alone; a view into something larger is copied by the post instead. */
function transferables(message: Extract<FromWorker, { type: 'outcome' }>): ArrayBuffer[] {
  return message.outcome.blobs.flatMap(({ content }) =>
    content instanceof Uint8Array &&
    content.buffer instanceof ArrayBuffer &&
    content.byteLength === content.buffer.byteLength
      ? [content.buffer]
      : [],
  )
}
