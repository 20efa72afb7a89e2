import type { Json } from '../../engine/base/canonical.ts'
import type { CompiledFunction, FunctionParams } from '../../engine/contract/pipeline-function.ts'

/** What a search may choose: by parameter a list of values, a range, or one of these for each key of a map. */
export type Space = { readonly [param: string]: Choices | Range | { readonly [key: string]: Choices | Range } }

export type Choices = readonly Json[]

export interface Range {
  readonly from: number
  readonly to: number
  readonly step?: number
  readonly integer?: boolean
  readonly scale?: 'linear' | 'log'
}

const choices = { type: 'array', minItems: 1, items: {}, description: 'The values themselves.' } as const
const range = {
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to'],
  properties: {
    from: { type: 'number', description: 'The least value.' },
    to: { type: 'number', description: 'The greatest value, itself among them if a step leads there.' },
    step: { type: 'number', exclusiveMinimum: 0, description: 'Only from, from + step, from + 2 step, …' },
    integer: { type: 'boolean', description: 'Only whole numbers. Default: if the parameter takes no others.' },
    scale: { enum: ['linear', 'log'], description: 'log: as many values from 1 to 10 as from 10 to 100.' },
  },
  description: 'A range of numbers.',
} as const

export const spaceSchema = {
  type: 'object',
  minProperties: 1,
  additionalProperties: {
    anyOf: [
      choices,
      range,
      {
        type: 'object',
        minProperties: 1,
        additionalProperties: { anyOf: [choices, range] },
        description: 'For a parameter that is a map: what each of its keys may be.',
      },
    ],
    'x-expected': 'a list of values, a range `{ from: …, to: … }`, or a map from keys to these',
  },
} as const

/** One dimension of a space. */
export interface Dimension {
  /** `confidence`, or `confidence.astro`. */
  readonly name: string
  readonly param: string
  /** Of a map. */
  readonly key: string | undefined
  /** Finite dimensions: every value, in order. */
  readonly values: readonly Json[] | undefined
  /** Numbers have an order that a search can follow; anything else is a choice. */
  readonly numeric: boolean
  /** The value at a place: in [0, 1) of a numeric dimension, an index of a choice. */
  readonly at: (place: number) => Json
  /** The place of a value of a finite dimension. */
  readonly placeOf: (index: number) => number
}

/** @param types of the pipeline's parameters: a range of an `integer` or `map of integers` has whole numbers. */
export function dimensionsOf(space: Space, types: CompiledFunction['types']): readonly Dimension[] {
  const isWhole = (param: string) => types[param] === 'integer' || types[param] === 'map of integers'
  return Object.entries(space).flatMap(([param, tree]) => {
    if (isChoices(tree) || isRange(tree)) return [dimension(param, undefined, tree, isWhole(param))]
    return Object.entries(tree).map(([key, inner]) => dimension(param, key, inner, isWhole(param)))
  })
}

export function isChoices(tree: Space[string]): tree is Choices {
  return Array.isArray(tree)
}

export function isRange(tree: Space[string]): tree is Range {
  return !Array.isArray(tree) && typeof (tree as Range).from === 'number' && typeof (tree as Range).to === 'number'
}

function dimension(param: string, key: string | undefined, tree: Choices | Range, whole: boolean): Dimension {
  const shared = { name: key === undefined ? param : `${param}.${key}`, param, key }
  const itself = (index: number) => index
  if (isChoices(tree)) return { ...shared, values: tree, numeric: false, at: index => tree[index]!, placeOf: itself }
  const values = stepsOf({ integer: whole, ...tree })
  const numeric = { ...shared, values, numeric: true } as const
  if (values === undefined) return { ...numeric, at: place => betweenEnds(tree, place), placeOf: itself }
  const [first, last] = [values[0]!, values.at(-1)!]
  if (tree.scale !== 'log' || first === last) {
    const at = (place: number) => values[Math.min(values.length - 1, Math.floor(place * values.length))]!
    return { ...numeric, at, placeOf: index => (index + 0.5) / values.length }
  }
  const below1 = 1 - 2 ** -32
  const placeOf = (index: number) => Math.min(below1, Math.log(values[index]! / first) / Math.log(last / first))
  return { ...numeric, at: place => nearestOnLog(values, first * (last / first) ** place), placeOf }
}

/** Every number of a range with steps or of whole numbers. */
function stepsOf({ from, to, step, integer }: Range): readonly number[] | undefined {
  if (step === undefined && integer !== true) return undefined
  const first = integer === true ? Math.ceil(from) : from
  const width = step ?? 1
  // 0.1 + 2 · 0.05 is 0.2, and so is the last step that misses the end by rounding alone.
  const count = Math.floor((to - first) / width + 1e-9) + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => rounded(first + i * width, 12))
}

function betweenEnds({ from, to, scale }: Range, place: number): number {
  const value = scale === 'log' ? from * (to / from) ** place : from + (to - from) * place
  // Six digits are enough for a person to write down.
  return Math.min(to, Math.max(from, rounded(value, 6)))
}

function nearestOnLog(values: readonly number[], value: number): number {
  return values.reduce((best, one) => (Math.abs(Math.log(one / value)) < Math.abs(Math.log(best / value)) ? one : best))
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}

/** A place in each dimension: in [0, 1) of a numeric one, an index of a choice. */
export type Point = readonly number[]

/** Values of the parameters at a point. Keys of maps that the space leaves out stay as they are. */
export function paramsAt(dimensions: readonly Dimension[], point: Point, base: FunctionParams): FunctionParams {
  const params: { [param: string]: Json } = {}
  for (const [d, { param, key, at }] of dimensions.entries()) {
    const value = at(point[d]!)
    if (key === undefined) params[param] = value
    else params[param] = { ...((params[param] ?? base[param] ?? {}) as FunctionParams), [key]: value }
  }
  return params
}

/** The value of each dimension. */
export function valuesIn(dimensions: readonly Dimension[], params: FunctionParams): readonly Json[] {
  return dimensions.map(({ param, key }) => {
    const value = params[param] ?? null
    return key === undefined ? value : ((value as FunctionParams | null)?.[key] ?? null)
  })
}
