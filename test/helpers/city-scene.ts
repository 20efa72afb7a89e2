import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../../engine/base/digest.ts'
import type { PathRef } from '../../engine/contract/node.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { TestRun, TestRunOptions } from './run-context.ts'
import { inferenceRun } from './scene.ts'

/** The scenes and models of demo/cities. */
const demo = new URL('../../demo/cities/', import.meta.url)

export const cityPath = (...path: string[]): string => fileURLToPath(new URL(path.join('/'), demo))

export function cityModel(name: 'C1' | 'C2'): PathRef {
  const path = cityPath('models', name)
  return { path, sha256: sha256(path) }
}

/** A scene as `images/folder` would give it: read as a plain picture, without its place on the earth. */
export function cityScene(name: 'e1' | 'e2' | 'w1'): ImageRef {
  const file = readFileSync(cityPath('scenes', `${name}.tif`))
  return { sha256: sha256(file), widthPx: 224, heightPx: 160, channels: 3, bitDepth: 8, format: 'tiff' }
}

/** A context that infers on this thread and finds all scenes. */
export function cityRun(options: TestRunOptions = {}): Promise<TestRun> {
  const names = ['e1', 'e2', 'w1'] as const
  const sources = names.map(name => [cityScene(name).sha256, cityPath('scenes', `${name}.tif`)] as const)
  return inferenceRun({ sources: Object.fromEntries(sources), ...options })
}
