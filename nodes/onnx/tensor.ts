/** A dense float tensor: what goes into and comes out of a graph. */
export interface Tensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/** Outputs of an earlier run that stayed where the graph ran. */
export type Handle = number

/** One output of a handle, as an input of the next graph. */
export interface KeptTensor {
  readonly handle: Handle
  readonly output: string
}

export type Feed = Tensor | KeptTensor

export interface RunRequest {
  /** Absolute path of the .onnx file; data files that it names lie beside it. */
  readonly modelPath: string
  /** By input name. Tensors are given away: their buffers may be empty afterwards. */
  readonly feeds: { readonly [input: string]: Feed }
  /** Outputs to bring back. */
  readonly fetch: readonly string[]
  /** Outputs to keep for later runs. */
  readonly keep: readonly string[]
}

export interface RunResult {
  /** By output name, exactly those of `fetch`. */
  readonly tensors: { readonly [output: string]: Tensor }
  /** Set when `keep` was not empty. */
  readonly handle?: Handle
  /** Bytes that the kept outputs hold. */
  readonly handleBytes: number
}

/** Kept outputs in a file. */
export interface Written {
  readonly shapes: KeptShapes
  /** Milliseconds of writing, without waiting for the graph that ran. */
  readonly workMs: number
}

/** In their order in the file. */
export type KeptShapes = readonly { readonly output: string; readonly dims: readonly number[] }[]

/** Runs ONNX graphs on one device, one at a time. */
export interface OnnxSessions {
  run(request: RunRequest): Promise<RunResult>
  /** Writes the outputs of a handle, which stays as it is, to an open, empty file. */
  write(handle: Handle, file: number): Promise<Written>
  /** A new handle with the outputs that were written to a file. */
  read(file: number, shapes: KeptShapes): Promise<Handle>
  /** Frees the outputs of a handle; later runs that name it fail. */
  release(handle: Handle): void
  /** Lets the run in progress end, then frees sessions and handles. */
  close(): Promise<void>
}
