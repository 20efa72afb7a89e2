import type * as Onnxruntime from 'onnxruntime-node'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { executionProvider, GRAPH_OPTIMIZATION } from './device.ts'

export type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node'

let loaded: Promise<typeof Onnxruntime> | undefined

/** The package, loaded on first use (27 ms), and silent: what it would print arrives as an error anyway. */
export function loadOnnxruntime(): Promise<typeof Onnxruntime> {
  loaded ??= import('onnxruntime-node').then(
    onnxruntime => {
      onnxruntime.env.logLevel = 'fatal'
      return onnxruntime
    },
    cause => {
      loaded = undefined
      throw new TaskError(
        {
          code: 'no-runtime',
          message: `onnxruntime-node does not load: ${firstLine(cause)}`,
          fix: 'install it for this platform: npm ci (Linux needs glibc 2.28 or newer)',
        },
        { cause },
      )
    },
  )
  return loaded
}

/**
 * One thread in each session: slots scale across processes, and a shared machine suffers less.
 *
 * @param arena let the session keep the memory of one run for the next (2 to 3 % faster, the same bits). Every session
 *   keeps its own: 780 MB in a worker with 12 small sessions, 430 MB without.
 */
export async function createSession(
  modelPath: string,
  device: string,
  arena = true,
): Promise<Onnxruntime.InferenceSession> {
  const { InferenceSession } = await loadOnnxruntime()
  try {
    return await InferenceSession.create(modelPath, {
      executionProviders: [executionProvider(device)],
      graphOptimizationLevel: GRAPH_OPTIMIZATION,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: arena,
    })
  } catch (cause) {
    throw openError(modelPath, device, cause)
  }
}

function openError(modelPath: string, device: string, cause: unknown): Error {
  if (cause instanceof TaskError) return cause
  const text = firstLine(cause)
  if (/ExecutionProvider|no available backend|adapter/i.test(text))
    return new TaskError(
      {
        code: 'no-device',
        message: `onnxruntime cannot use the device ${device}: ${text}`,
        fix: device.startsWith('cuda')
          ? 'install the CUDA libraries with "npm run cuda" (CUDA 12 and cuDNN 9 must be on the machine), or run with --device cpu'
          : 'run with --device cpu',
      },
      { cause },
    )
  return new TaskError({ code: 'bad-model', message: `${modelPath} does not open: ${text}` }, { cause })
}

/** onnxruntime appends source locations and tips in further lines. */
export function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!
}
