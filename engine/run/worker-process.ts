import type { FromWorkerBatch, ToWorker } from './protocol.ts'
import { serveWorker } from './worker.ts'

/**
 * Entry of an inference worker: a child process, because a native crash or a kill in the middle of inference must not
 * take the run with it. Ends when its parent does; Ctrl-C in the terminal is the parent's to handle.
 */
process.on('SIGINT', () => {})
const dieWithParent = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', dieWithParent)

serveWorker({
  send: (messages: FromWorkerBatch) => void process.send?.(messages),
  onMessage: listener => void process.on('message', message => listener(message as ToWorker)),
  end: () => {
    process.off('disconnect', dieWithParent)
    process.disconnect()
  },
})
