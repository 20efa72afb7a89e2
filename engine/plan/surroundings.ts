import type { Digest } from '../base/digest.ts'
import type { Permits } from '../contract/node.ts'
import type { Loaded, PipelineFile } from '../contract/pipeline.ts'

/** Everything compiling may ask of the world; given by the composition root, faked in tests. */
export interface Surroundings {
  readonly loadPipeline: (path: string) => Loaded<PipelineFile>
  /** With links followed; undefined if there is nothing. */
  readonly realPath: (path: string) => string | undefined
  readonly kindOfPath: (path: string) => 'file' | 'folder' | 'missing' | 'unreadable'
  readonly readFile: (path: string) => Uint8Array
  readonly fileDigest: (path: string) => Digest
  /**
   * Files below a folder that match one of the globs, as sorted relative paths with `/`. Links do not count unless
   * `links` says so.
   */
  readonly listFiles: (folder: string, globs: readonly string[], links?: 'links') => readonly string[]
  readonly memo: {
    readonly get: (key: Digest) => string | undefined
    readonly set: (key: Digest, json: string) => void
  }
  readonly environment: { readonly [name: string]: string | undefined }
  /** Nothing outside this folder is read unless `allowOutside`. */
  readonly root: string
  readonly allowOutside: boolean
  readonly permits: Permits
  readonly device: string
}
