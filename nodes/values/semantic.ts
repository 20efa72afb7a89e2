import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { describeClasses } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { decodeTensors, encodeTensors, type NamedTensor } from './safetensors.ts'
import { checkFrame, checkScores, decodeSizeHw, encodeSizeHw, misfit, tensorField } from './tensor-fields.ts'

/**
 * Class probabilities of the pixels of one image: maps by name (a network may have several heads), and numbers about the
 * image as a whole. Every map covers the whole frame, whatever its resolution: its sample (row, column) lies at
 * ((column + 0.5) · frame width / map width, …).
 */
export interface Semantic {
  /** [height, width] of the original image. */
  readonly frameHw: readonly [number, number]
  readonly maps: { readonly [name: string]: SemanticMap }
  /** Numbers about the image: probabilities of an image head, a regressed scale. */
  readonly vectors: { readonly [name: string]: Float32Array }
}

export interface SemanticMap {
  /** [height, width] of the map itself. */
  readonly sizeHw: readonly [number, number]
  /**
   * [classes · height · width] row-major, plane by plane in the order of the class list of the static type. Float32:
   * probabilities in [0, 1]; bytes: 255 times that, rounded down.
   */
  readonly values: Float32Array | Uint8Array
}

/** Static type: `{ maps: [{ name, classes }] }`, sorted by name. */
export type MapType = { readonly name: string; readonly classes: ClassList }

const NAME = 'semantic'
const MAP = 'map.'
const VECTOR = 'vector.'

export const semanticKind: Kind<Semantic> = {
  name: NAME,
  description:
    'Probabilities of classes for every pixel of one image, by named maps (float32, or bytes of 255ths), and numbers about the image.',
  extension: 'safetensors',
  encode: value => {
    const { frameHw, maps, vectors } = checked(value)
    const tensors: { [name: string]: NamedTensor } = { frame_hw: encodeSizeHw(frameHw) }
    for (const [name, { sizeHw, values }] of Object.entries(maps))
      tensors[MAP + name] = { data: values, shape: [planeCount({ sizeHw, values }), ...sizeHw] }
    for (const [name, data] of Object.entries(vectors)) tensors[VECTOR + name] = { data, shape: [data.length] }
    return encodeTensors(tensors, { kind: NAME })
  },
  decode: bytes => {
    const { tensors } = decodeTensors(bytes)
    const maps: { [name: string]: SemanticMap } = {}
    const vectors: { [name: string]: Float32Array } = {}
    for (const [name, { data, shape }] of tensors) {
      if (name.startsWith(MAP)) {
        const type = data instanceof Uint8Array ? Uint8Array : Float32Array
        const field = tensorField<Float32Array | Uint8Array>(NAME, tensors, name, type, [
          undefined,
          undefined,
          undefined,
        ])
        maps[name.slice(MAP.length)] = { sizeHw: [shape[1]!, shape[2]!], values: field.data }
      } else if (name.startsWith(VECTOR))
        vectors[name.slice(VECTOR.length)] = tensorField(NAME, tensors, name, Float32Array, [undefined]).data
      else if (name !== 'frame_hw') throw misfit(NAME, `there is a tensor ${name}`)
    }
    return checked({ frameHw: decodeSizeHw(NAME, tensors, 'frame_hw'), maps, vectors })
  },
  explainDifference: (a, b) => `${describeMaps(a)} against ${describeMaps(b)}`,
}

/** Maps of a static type. */
export function mapsInFacets(facets: Facets | undefined): readonly MapType[] | undefined {
  const maps = facets?.['maps']
  return Array.isArray(maps) ? (maps as unknown as readonly MapType[]) : undefined
}

/** Number of class planes of a map. */
export function planeCount({ sizeHw, values }: SemanticMap): number {
  return values.length / (sizeHw[0] * sizeHw[1])
}

/** The planes of a map as probabilities, float32 each: a byte b is b / 255, rounded to float32. */
export function mapPlanes({ sizeHw, values }: SemanticMap): Float32Array[] {
  const area = sizeHw[0] * sizeHw[1]
  const planes: Float32Array[] = []
  for (let at = 0; at < values.length; at += area) {
    const part = values.subarray(at, at + area)
    planes.push(part instanceof Float32Array ? part : Float32Array.from(part, byte => byte / 255))
  }
  return planes
}

function describeMaps(facets: Facets): string {
  const maps = mapsInFacets(facets)
  return maps ? maps.map(({ name, classes }) => `${name} of ${describeClasses(classes)}`).join(', ') : 'no maps'
}

/** @throws TaskError naming the map and what breaks a rule of the kind. */
function checked(value: Semantic): Semantic {
  checkFrame(NAME, value.frameHw)
  for (const [name, map] of Object.entries(value.maps)) {
    const [height, width] = map.sizeHw
    const planes = planeCount(map)
    if (!(height >= 1 && width >= 1 && Number.isSafeInteger(planes) && planes >= 1))
      throw bad(
        `map ${name} of ${height} × ${width} (height × width) has ${map.values.length} values; expected whole planes`,
      )
    if (map.values instanceof Float32Array)
      checkScores(NAME, map.values, index => {
        const at = index % (height * width)
        return `map ${name}, class ${Math.floor(index / (height * width))}, row ${Math.floor(at / width)}, column ${at % width}`
      })
  }
  for (const [name, vector] of Object.entries(value.vectors)) {
    const odd = vector.findIndex(number => !Number.isFinite(number))
    if (odd >= 0) throw bad(`number ${odd} of ${name} is ${vector[odd]}, expected a finite number`)
  }
  return value
}

function bad(what: string): TaskError {
  return new TaskError({ code: 'bad-value', message: `${NAME}: ${what}` })
}
