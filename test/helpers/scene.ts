import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../../engine/base/digest.ts'
import type { PathRef } from '../../engine/contract/node.ts'
import { openOnnxInProcess, sessionsResource } from '../../nodes/onnx/sessions.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { decodeTensors, type TensorFile } from '../../nodes/values/safetensors.ts'
import { type TestRun, type TestRunOptions, testRun } from './run-context.ts'

/** The picture and the tensors that `test/golden/two-stage/make.py` made from it. */
const folder = new URL('../golden/two-stage/', import.meta.url)
const scenePath = fileURLToPath(new URL('scene.jpg', folder))
const sceneSha256 = sha256(readFileSync(scenePath))

export const scene: ImageRef = {
  sha256: sceneSha256,
  widthPx: 320,
  heightPx: 240,
  channels: 3,
  bitDepth: 8,
  format: 'jpeg',
}

export function golden(name: string): TensorFile['tensors'] {
  return decodeTensors(readFileSync(new URL(`${name}.safetensors`, folder))).tensors
}

/** A model of the demo, as a path parameter arrives at a node. */
export function demoModel(name: string): PathRef {
  const path = fileURLToPath(new URL(`../../demo/models/${name}`, import.meta.url))
  return { path, sha256: sha256(path) }
}

/** A context in which graphs run on this thread and the scene is at hand. */
export async function inferenceRun(options: TestRunOptions = {}): Promise<TestRun> {
  return testRun({
    sources: { [sceneSha256]: scenePath },
    resources: { [sessionsResource('cpu')]: await openOnnxInProcess('cpu') },
    ...options,
  })
}

/** The largest |a − b|; lengths must agree. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}
