import { type MaskRing, maskPolygons, type PolygonMethod } from '../kernels/mask-polygons.ts'
import { maskAreas, maskBoxesXyxy, maskCounts } from '../kernels/rle.ts'
import { encodeCounts } from '../kernels/rle-string.ts'
import { statedAreas } from '../values/instance-areas.ts'
import type { Instances } from '../values/instances.ts'

/** How instances become annotations of COCO. */
export interface CocoWriting {
  readonly segmentation: 'run-lengths' | 'polygons'
  readonly polygons: 'pixel-edges' | 'marching-squares' | 'tc89-l1'
  readonly tolerance_px: number
  readonly level: number
  readonly coordinates: 'continuous' | 'pixel-index'
  readonly holes: 'drop' | 'write' | 'run-lengths'
  readonly without_polygon: 'run-lengths' | 'skip'
  readonly box: 'stated' | 'mask'
  readonly group_of: 'crowd' | 'plain'
  readonly decimals: number
}

/** JSON Schema of these parameters. */
export const WRITING_SCHEMA = {
  segmentation: {
    enum: ['run-lengths', 'polygons'],
    default: 'run-lengths',
    description: 'What segmentation holds. Run lengths are compressed and exact; crowds are always written so.',
  },
  polygons: {
    enum: ['pixel-edges', 'marching-squares', 'tc89-l1'],
    default: 'pixel-edges',
    description:
      'Way from mask to polygons. pixel-edges: along the edges of pixels, drawn again it is the same mask but for holes; marching-squares: scikit-image’s outlines, thinned by tolerance_px (pycococreator, dfan); tc89-l1: OpenCV’s outer contours through pixel centres, thinned by Teh and Chin (yu4u).',
  },
  tolerance_px: {
    type: 'number',
    minimum: 0,
    default: 2,
    description: 'marching-squares: points that lie at most this far from the line without them go (Douglas–Peucker).',
  },
  level: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.5,
    description:
      'marching-squares: where the outline passes between background (0) and foreground (1). 0.002 is what a 0/255 mask gives at 0.5 (pycococreator on grey pictures): almost a pixel too large.',
  },
  coordinates: {
    enum: ['continuous', 'pixel-index'],
    default: 'continuous',
    description:
      'continuous: the upper left pixel spans 0 to 1, as pycocotools and every box has it; pixel-index: its centre is 0 and less becomes 0, as the published converters write it, half a pixel off.',
  },
  holes: {
    enum: ['drop', 'write', 'run-lengths'],
    default: 'drop',
    description:
      'COCO unites polygons, so it cannot say hole. drop: only outer outlines, holes are filled; write: holes as further polygons, which changes no pixel (published converters); run-lengths: such a mask is written as run lengths.',
  },
  without_polygon: {
    enum: ['run-lengths', 'skip'],
    default: 'run-lengths',
    description: 'A mask too small for a polygon of three points is written as run lengths, or left out.',
  },
  box: {
    enum: ['stated', 'mask'],
    default: 'stated',
    description: 'bbox is the box of the instance, or the tight one of its mask.',
  },
  group_of: {
    enum: ['crowd', 'plain'],
    default: 'crowd',
    description: 'A box around a group of objects (Open Images) gets iscrowd 1, or is an object like others.',
  },
  decimals: { type: 'integer', minimum: 0, maximum: 15, default: 2, description: 'Decimals of bbox and polygons.' },
} as const

export interface WrittenAnnotations {
  /** One JSON object each, in the order of the instances. */
  readonly texts: readonly string[]
  readonly emptyMasks: number
  readonly withoutPolygon: number
}

/** The annotations of one image, numbered from `firstId`. Masks without a pixel are left out. */
export function annotationTexts(
  instances: Instances,
  imageNumber: number,
  firstId: number,
  rules: CocoWriting,
): WrittenAnnotations {
  const areasPx = statedAreas(instances)
  const maskAreasPx = maskAreas(instances.masks)
  const tight = rules.box === 'mask' ? maskBoxesXyxy(instances.masks) : instances.boxesXyxy
  const round = (value: number) => Number(value.toFixed(rules.decimals))
  const texts: string[] = []
  let emptyMasks = 0
  let withoutPolygon = 0
  for (const [index, label] of instances.labels.entries()) {
    if (maskAreasPx[index] === 0) {
      emptyMasks++
      continue
    }
    const isCrowd = crowdMark(instances, index, rules)
    const parts = isCrowd ? 'run-lengths' : partsOf(instances, index, rules)
    if (parts === 'none') withoutPolygon++
    if (parts === 'none' && rules.without_polygon === 'skip') continue
    const [x1, y1, x2, y2] = tight.subarray(4 * index, 4 * index + 4) as unknown as [number, number, number, number]
    const annotation = {
      id: firstId + texts.length,
      image_id: imageNumber,
      category_id: label + 1,
      iscrowd: isCrowd ? 1 : 0,
      area: areasPx[index]!,
      bbox: [x1, y1, x2 - x1, y2 - y1].map(round),
      segmentation:
        typeof parts === 'string'
          ? { size: instances.sizeHw, counts: encodeCounts(maskCounts(instances.masks, index)) }
          : parts.map(({ xy }) => Array.from(xy, value => round(shifted(value, rules)))),
    }
    texts.push(JSON.stringify(annotation))
  }
  return { texts, emptyMasks, withoutPolygon }
}

/** Does the instance get an annotation? */
export function isWritten(instances: Instances, index: number, rules: CocoWriting): boolean {
  if (instances.masks.offsets[index] === instances.masks.offsets[index + 1]) return false
  if (rules.without_polygon === 'run-lengths' || crowdMark(instances, index, rules)) return true
  return partsOf(instances, index, rules) !== 'none'
}

function crowdMark({ crowd, groupOf }: Instances, index: number, { group_of: groups }: CocoWriting): boolean {
  return crowd?.[index] === 1 || (groups === 'crowd' && groupOf?.[index] === 1)
}

/** Its polygons; `none` if there is none of three points. */
function partsOf(
  instances: Instances,
  index: number,
  rules: CocoWriting,
): readonly MaskRing[] | 'run-lengths' | 'none' {
  if (rules.segmentation === 'run-lengths') return 'run-lengths'
  const rings = maskPolygons(instances.masks, index, methodOf(rules))
  if (rules.holes === 'run-lengths' && rings.some(({ isHole }) => isHole)) return 'run-lengths'
  const parts = rules.holes === 'write' ? rings : rings.filter(({ isHole }) => !isHole)
  return parts.length === 0 ? 'none' : parts
}

function methodOf({ polygons, tolerance_px: tolerancePx, level }: CocoWriting): PolygonMethod {
  return polygons === 'marching-squares' ? { method: polygons, tolerancePx, level } : { method: polygons }
}

/** A coordinate of a kernel, which counts from the centre of the first pixel, as the file is to have it. */
function shifted(value: number, { coordinates }: CocoWriting): number {
  return coordinates === 'continuous' ? value + 0.5 : Math.max(0, value)
}
