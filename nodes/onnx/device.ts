import { createRequire } from 'node:module'
import { TaskError } from '../../engine/base/diagnostic.ts'

/** Bit-identical results need equal optimisation, so it is fixed here and named in the key. */
export const GRAPH_OPTIMIZATION = 'all'

export type ExecutionProvider = 'cpu' | 'webgpu' | { readonly name: 'cuda'; readonly deviceId: number }

/** @throws TaskError `bad-device` for anything but `cpu`, `cuda:N` and `webgpu`. */
export function executionProvider(device: string): ExecutionProvider {
  if (device === 'cpu' || device === 'webgpu') return device
  const cuda = /^cuda:(\d+)$/.exec(device)
  if (cuda) return { name: 'cuda', deviceId: Number(cuda[1]) }
  throw new TaskError({
    code: 'bad-device',
    message: `unknown device ${JSON.stringify(device)}`,
    fix: 'expected cpu, cuda:0 (or another number), or webgpu',
  })
}

/**
 * What goes into the keys of inferring nodes: "onnxruntime-node@1.30.0/cpu/all". The number of a device does not count,
 * and neither do threads or batches (they do not change a bit of the result on a CPU). Read without loading the package.
 */
export function onnxruntimeClass(device: string): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const provider = executionProvider(device)
  return `onnxruntime-node@${version}/${typeof provider === 'string' ? provider : provider.name}/${GRAPH_OPTIMIZATION}`
}
