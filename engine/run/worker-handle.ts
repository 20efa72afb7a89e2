import { fork } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { roomyWorkerBytes } from './memory-share.ts'
import type { FromWorker, FromWorkerBatch, ToWorker } from './protocol.ts'
import { endOfProcess, endOfThread, memoryKillCount, type WorkerEnd } from './worker-end.ts'

/** A running worker seen from the run: a child process or a thread behind the same few calls. */
export interface WorkerHandle {
  readonly name: string
  readonly processId: number | undefined
  readonly send: (message: ToWorker) => void
  /** Resolves with why, once it is gone. */
  readonly gone: Promise<WorkerEnd>
  readonly kill: () => void
}

/**
 * With little memory, glibc gives back what native code has freed: by default it keeps freed blocks of up to 32 MiB, and
 * for each thread its own. Elsewhere these variables mean nothing.
 */
const savingEnvironment = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '8388608',
  MALLOC_TRIM_THRESHOLD_: '16777216',
}

/** @param memoryBytes what it should hold at most; also the bound of its JavaScript heap's youngest part. */
export function startProcess(
  name: string,
  url: URL,
  memoryBytes: number,
  onMessage: (message: FromWorker) => void,
): WorkerHandle {
  const isTight = memoryBytes < roomyWorkerBytes
  const killsBefore = memoryKillCount()
  const child = fork(url, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: isTight ? ['--max-semi-space-size=2'] : [],
    env: isTight ? { ...process.env, ...savingEnvironment } : process.env,
  })
  let errorText = ''
  let killed = false
  child.stderr?.on('data', (chunk: Buffer) => {
    errorText = (errorText + chunk.toString()).slice(-4000)
  })
  child.on('message', messages => receive(messages, onMessage))
  const gone = new Promise<WorkerEnd>(resolve => {
    child.on('error', error => {
      if (child.pid === undefined) resolve({ cause: 'unstarted', text: error.message })
    })
    child.on('close', (code, signal) => {
      const memoryKills = killsBefore !== undefined && memoryKillCount() !== killsBefore
      resolve(endOfProcess({ code, signal, killed, errorText, memoryKills }))
    })
  })
  return {
    name,
    processId: child.pid,
    // A worker that died meanwhile is noticed by `gone`, not here.
    send: message => void (child.connected && child.send(message, () => {})),
    gone,
    kill: () => {
      killed = true
      child.kill('SIGKILL')
    },
  }
}

export function startThread(name: string, url: URL, onMessage: (message: FromWorker) => void): WorkerHandle {
  // Some packages look into workerData when they are loaded in a thread (web-worker, below geotiff) and expect an object.
  const worker = new Worker(url, { name, workerData: {} })
  let error: unknown
  let killed = false
  worker.on('message', messages => receive(messages, onMessage))
  const gone = new Promise<WorkerEnd>(resolve => {
    worker.on('error', thrown => {
      error = thrown
    })
    worker.on('exit', () => resolve(endOfThread(error, killed)))
  })
  return {
    name,
    processId: undefined,
    send: message => worker.postMessage(message),
    gone,
    kill: () => {
      killed = true
      void worker.terminate()
    },
  }
}

function receive(messages: unknown, onMessage: (message: FromWorker) => void): void {
  for (const message of messages as FromWorkerBatch) onMessage(message)
}
