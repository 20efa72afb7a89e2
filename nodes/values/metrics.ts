import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { documentCodec } from './json-document.ts'

/** Numbers by group and name; null where a number is not defined (no ground truth of that size, say). */
export type Metrics = {
  readonly [group: string]: { readonly [name: string]: number | null }
}

/** Static type of metrics that have these numbers for sure, each `group.name`; a name may have dots. */
export function metricNames(names: readonly string[]): Facets {
  return { metrics: [...names].sort() }
}

/** Numbers that the static type promises; undefined if it says nothing. */
export function namesInFacets(facets: Facets | undefined): readonly string[] | undefined {
  return facets?.['metrics'] as readonly string[] | undefined
}

/** The number at `group.name`; undefined if there is none of this name. */
export function numberAt(metrics: Metrics, name: string): number | null | undefined {
  const dot = name.indexOf('.')
  return metrics[name.slice(0, dot)]?.[name.slice(dot + 1)]
}

/** Metrics write what is not defined as null. */
export function defined(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}

export const metricsKind: Kind<Metrics> = {
  name: 'metrics',
  description: 'Measured numbers in named groups.',
  extension: 'json',
  ...documentCodec('metrics', problem, (value: Metrics) => value),
}

function problem(value: unknown): string | undefined {
  if (!isGroup(value)) return 'it is not a map of groups'
  for (const [group, numbers] of Object.entries(value)) {
    if (!isGroup(numbers)) return `${group} is not a map of numbers`
    for (const [name, number] of Object.entries(numbers)) {
      if (number === null || Number.isFinite(number)) continue
      return `${group} / ${name} is ${number}; expected a finite number, or null where it is undefined`
    }
  }
  return undefined
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
