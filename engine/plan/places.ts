import type { Span } from '../base/diagnostic.ts'
import { axisOrigin } from './origin.ts'
import type { Instance, ProtoStep } from './proto.ts'
import { cellAddress } from './types.ts'

/**
 * Where the things beside parameters that keys depend on are written. Cells are named by address; one that is not there
 * any more stands for its step. Undefined: nowhere (the step is gone).
 */
export interface Places {
  /** `uses:` of the step. */
  readonly uses: (address: string) => Span | undefined
  /** What feeds a port: the whole of it, or one of several sources. */
  readonly input: (address: string, port: string, index?: number) => Span | undefined
  /** The matrix entry that the cell has on an axis; of a cell that is gone, the list of the axis. */
  readonly entry: (address: string, axis: string) => Span | undefined
  /** The matrix that gives the step an axis. */
  readonly matrix: (address: string) => Span | undefined
  readonly items: (address: string) => Span | undefined
  readonly join: (address: string) => Span | undefined
}

export function placesOf(protos: readonly ProtoStep[]): Places {
  const steps = new Map(protos.map(step => [step.id, step]))
  const stepOf = (address: string) => steps.get(stepIdOf(address))

  return {
    uses: address => locate(stepOf(address), 'uses'),
    input: (address, port, index) => {
      const step = stepOf(address)
      return step && inputPlace(step, port, index)
    },
    entry: (address, axis) => {
      const step = stepOf(address)
      return step && entryPlace(step, address, axis)
    },
    matrix: address => {
      const step = stepOf(address)
      const user = step && userWith(step, declaration => declaration.matrix !== undefined)
      return user?.instance.file.locate(['steps', user.declaration.id, 'matrix'])
    },
    items: address => {
      const step = stepOf(address)
      const user = step && userWith(step, declaration => declaration.items !== undefined)
      return user?.instance.file.locate(['steps', user.declaration.id, 'items'])
    },
    join: address => locate(stepOf(address), 'join'),
  }
}

/** `leaf/propose` of `leaf/propose[flip=none]`. */
export function stepIdOf(address: string): string {
  const bracket = address.indexOf('[')
  return bracket < 0 ? address : address.slice(0, bracket)
}

type Use = Pick<ProtoStep, 'instance' | 'declaration'>

function locate(step: ProtoStep | undefined, field: string): Span | undefined {
  return step?.instance.file.locate(['steps', step.declaration.id, field])
}

/** A bare name is an input of the file: what feeds it is written where the file is used. */
function inputPlace(step: ProtoStep, port: string, index: number | undefined): Span {
  let use: Use = step
  let name = port
  for (;;) {
    const { instance, declaration }: Use = use
    const sources = declaration.in.get(name)?.sources ?? []
    const [only] = sources
    const outer: Instance['use'] = instance.use
    if (sources.length === 1 && only !== undefined && !only.from.includes('.') && outer !== undefined) {
      name = only.from
      use = outer
      continue
    }
    const source = sources.length > 1 && index !== undefined ? sources[index] : undefined
    return instance.file.locate(source?.path ?? ['steps', declaration.id, 'in', name])
  }
}

function entryPlace(step: ProtoStep, address: string, axis: string): Span | undefined {
  const user = userWith(step, declaration => declaration.matrix !== undefined && hasAxis(declaration, axis))
  if (user === undefined) return undefined
  const { instance, declaration } = user
  const position = step.cells.findIndex((_, cell) => cellAddress(step, cell) === address)
  const ids = position < 0 ? {} : step.cells[position]!.ids
  const origin = axisOrigin({ instance, declaration, ids, given: new Map() }, ['steps', declaration.id], axis, [])
  return 'at' in origin ? origin.at : undefined
}

function hasAxis({ matrix }: ProtoStep['declaration'], axis: string): boolean {
  return matrix?.form === 'product' ? matrix.axes.has(axis) : matrix !== undefined
}

/** The step, or the nearest of those that use the pipeline it is in, of which this is true. */
function userWith(step: ProtoStep, fits: (declaration: ProtoStep['declaration']) => boolean): Use | undefined {
  let use: Use | undefined = step
  while (use !== undefined && !fits(use.declaration)) use = use.instance.use
  return use
}
