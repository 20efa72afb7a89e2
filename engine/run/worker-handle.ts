import { fork } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import type { FromWorker, ToWorker } from './protocol.ts'

/** A running worker seen from the run: a child process or a thread behind the same few calls. */
export interface WorkerHandle {
  readonly name: string
  readonly processId: number | undefined
  readonly send: (message: ToWorker) => void
  /** Resolves with why, once it is gone. */
  readonly gone: Promise<string>
  readonly kill: () => void
}

export function startProcess(name: string, url: URL, onMessage: (message: FromWorker) => void): WorkerHandle {
  const child = fork(url, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] })
  let errorText = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errorText = (errorText + chunk.toString()).slice(-4000)
  })
  child.on('message', message => onMessage(message as FromWorker))
  const gone = new Promise<string>(resolve => {
    child.on('error', error => resolve(error.message))
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `killed by ${signal}`
      resolve(
        errorText.trim() === '' ? how : `${how}; it last said: ${errorText.trim().split('\n').slice(-3).join(' / ')}`,
      )
    })
  })
  return {
    name,
    processId: child.pid,
    // A worker that died meanwhile is noticed by `gone`, not here.
    send: message => void (child.connected && child.send(message, () => {})),
    gone,
    kill: () => void child.kill('SIGKILL'),
  }
}

export function startThread(name: string, url: URL, onMessage: (message: FromWorker) => void): WorkerHandle {
  const worker = new Worker(url, { name })
  let reason = 'it ended'
  worker.on('message', message => onMessage(message as FromWorker))
  const gone = new Promise<string>(resolve => {
    worker.on('error', error => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => resolve(reason))
  })
  return {
    name,
    processId: undefined,
    send: message => worker.postMessage(message),
    gone,
    kill: () => void worker.terminate(),
  }
}
