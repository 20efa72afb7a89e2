import type { Facets } from '../../engine/contract/kind.ts'
import type { Activation } from '../kernels/plane-activation.ts'
import type { Normalisation } from '../kernels/resize-torch.ts'
import type { ClassList } from '../values/classes.ts'
import type { MapType } from '../values/semantic.ts'
import type { ModelProblem } from './model-spec.ts'

/** What the model.yaml of a semantic model says, in this program's words. */
export interface SemanticModel {
  readonly family: 'semantic'
  readonly name: string
  readonly file: string
  /** Pictures that the graph takes at once. */
  readonly batch: number
  readonly inputName: string
  readonly normalisation: Normalisation
  readonly padToMultiple: number
  /** [height, width] to stretch to; absent: the picture's own size. */
  readonly sizeHw?: readonly [number, number]
  readonly interpolation: 'torch' | 'cv2'
  readonly maps: readonly MapOutput[]
  readonly vectors: readonly VectorOutput[]
}

export interface MapOutput {
  readonly name: string
  readonly output: string
  readonly activation: Activation
  /** In label order. */
  readonly classes: ClassList
  /** [K] channel of the output of each class. */
  readonly channels: readonly number[]
}

export interface VectorOutput {
  readonly name: string
  readonly output: string
  readonly activation: Activation
}

/** A semantic model.yaml as its schema lets it through. */
export interface SemanticYaml {
  readonly name: string
  readonly family: 'semantic'
  readonly file: string
  readonly batch?: number
  readonly input: {
    readonly name: string
    readonly channel_order: 'rgb' | 'bgr'
    readonly value_range: [number, number]
    readonly mean: readonly number[]
    readonly std: readonly number[]
    readonly pad_to_multiple: number
  }
  readonly resize: { readonly size?: readonly [number, number]; readonly semantics: 'torch' | 'cv2' }
  readonly maps: readonly {
    readonly name: string
    readonly output: string
    readonly activation: Activation
    readonly classes: readonly { readonly index: number; readonly id: string; readonly name: string }[]
  }[]
  readonly vectors?: readonly VectorOutput[]
}

type Report = (path: readonly (string | number)[], message: string) => void

/** What holds between fields of a semantic model.yaml. */
export function semanticYamlProblems({ maps, vectors = [] }: SemanticYaml, report: Report): void {
  reportTwice([...maps.map(({ name }) => name), ...vectors.map(({ name }) => name)], (i, name) =>
    report(i < maps.length ? ['maps', i, 'name'] : ['vectors', i - maps.length, 'name'], `${name} is there twice`),
  )
  for (const [i, { classes }] of maps.entries()) {
    const at = (k: number, field: string) => ['maps', i, 'classes', k, field]
    reportTwice(
      classes.map(({ id }) => id),
      (k, id) => report(at(k, 'id'), `two classes have the id ${id}`),
    )
    reportTwice(
      classes.map(({ index }) => index),
      (k, index) => report(at(k, 'index'), `two classes have the index ${index}`),
    )
  }
}

function reportTwice<T>(list: readonly T[], report: (index: number, entry: T) => void): void {
  for (const [index, entry] of list.entries()) if (list.indexOf(entry) < index) report(index, entry)
}

export function toSemanticModel(file: SemanticYaml): SemanticModel {
  const { input, resize } = file
  return {
    family: 'semantic',
    name: file.name,
    file: file.file,
    batch: file.batch ?? 1,
    inputName: input.name,
    normalisation: {
      channelOrder: input.channel_order,
      valueRange: input.value_range,
      mean: input.mean,
      std: input.std,
    },
    padToMultiple: input.pad_to_multiple,
    ...(resize.size && { sizeHw: resize.size }),
    interpolation: resize.semantics,
    maps: file.maps.map(({ name, output, activation, classes }) => ({
      name,
      output,
      activation,
      classes: classes.map(({ id, name: title }) => ({ id, name: title })),
      channels: classes.map(({ index }) => index),
    })),
    vectors: file.vectors ?? [],
  }
}

/** Static type of what the model gives: its maps, or those of the given names. */
export function semanticFacets({ maps }: SemanticModel, names: readonly string[] | undefined): Facets {
  const wanted = maps.filter(({ name }) => names === undefined || names.includes(name))
  const types: MapType[] = wanted.map(({ name, classes }) => ({ name, classes }))
  return { maps: types.sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

/** Names that the model does not have, as problems. */
export function unknownMaps({ maps }: SemanticModel, names: readonly string[]): readonly ModelProblem[] {
  const known = maps.map(({ name }) => name)
  return names
    .filter(name => !known.includes(name))
    .map(name => ({ message: `the model has no map ${name}`, fix: `its maps are ${known.join(', ')}` }))
}
