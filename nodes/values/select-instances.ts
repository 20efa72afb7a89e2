import { TaskError } from '../../engine/base/diagnostic.ts'
import { concatMasks, selectMasks } from '../kernels/mask-sets.ts'
import { statedAreas } from './instance-areas.ts'
import type { Instances } from './instances.ts'
import { mapLabels } from './united-classes.ts'

/** The instances at `indices`, in that order; an index may come more than once. `labels` [indices] replaces theirs. */
export function selectInstances(instances: Instances, indices: ArrayLike<number>, labels?: Int32Array): Instances {
  const count = indices.length
  const boxesXyxy = new Float64Array(4 * count)
  const scores = new Float64Array(count)
  const own = labels ?? new Int32Array(count)
  for (let k = 0; k < count; k++) {
    const i = indices[k]!
    for (let side = 0; side < 4; side++) boxesXyxy[4 * k + side] = instances.boxesXyxy[4 * i + side]!
    scores[k] = instances.scores[i]!
    if (labels === undefined) own[k] = instances.labels[i]!
  }
  return {
    sizeHw: instances.sizeHw,
    boxesXyxy,
    scores,
    labels: own,
    masks: selectMasks(instances.masks, indices),
    ...(instances.crowd && { crowd: pickBytes(instances.crowd, indices) }),
    ...(instances.areasPx && {
      areasPx: Float64Array.from({ length: count }, (_, k) => instances.areasPx![indices[k]!]!),
    }),
    ...(instances.groupOf && { groupOf: pickBytes(instances.groupOf, indices) }),
  }
}

function pickBytes(bytes: Uint8Array, indices: ArrayLike<number>): Uint8Array {
  return Uint8Array.from({ length: indices.length }, (_, k) => bytes[indices[k]!]!)
}

/**
 * All instances of `parts` in their order, labels of part p mapped by `labelMaps[p]` (old label → new label). A mark that
 * only some parts carry (crowd, group-of) is 0 in the others; a stated area that only some carry is the mask's.
 * @throws TaskError when the parts are of frames of different size, or a label is outside its map.
 */
export function joinInstances(parts: readonly Instances[], labelMaps: readonly Int32Array[]): Instances {
  const first = parts[0]
  if (!first) throw new Error('internal: nothing to join')
  const other = parts.findIndex(({ sizeHw }) => sizeHw[0] !== first.sizeHw[0] || sizeHw[1] !== first.sizeHw[1])
  if (other >= 0) {
    throw new TaskError({
      code: 'bad-value',
      message: `instances of a ${sizeText(parts[other]!.sizeHw)} frame (input ${other}) cannot join those of a ${sizeText(first.sizeHw)} frame (input 0)`,
      fix: 'Feed instances of the same picture at the same size.',
    })
  }
  if (parts.length === 1 && labelMaps[0]!.every((to, from) => to === from)) {
    mapLabels(first.labels, labelMaps[0]!, 0)
    return first
  }
  const counts = parts.map(({ scores }) => scores.length)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const joined = {
    sizeHw: first.sizeHw,
    boxesXyxy: new Float64Array(4 * total),
    scores: new Float64Array(total),
    labels: new Int32Array(total),
    masks: concatMasks(parts.map(({ masks }) => masks)),
  }
  const crowd = parts.some(part => part.crowd) ? new Uint8Array(total) : undefined
  const areasPx = parts.some(part => part.areasPx) ? new Float64Array(total) : undefined
  const groupOf = parts.some(part => part.groupOf) ? new Uint8Array(total) : undefined
  let at = 0
  for (const [p, part] of parts.entries()) {
    joined.boxesXyxy.set(part.boxesXyxy, 4 * at)
    joined.scores.set(part.scores, at)
    joined.labels.set(mapLabels(part.labels, labelMaps[p]!, p), at)
    if (part.crowd) crowd?.set(part.crowd, at)
    if (part.groupOf) groupOf?.set(part.groupOf, at)
    areasPx?.set(statedAreas(part), at)
    at += counts[p]!
  }
  return { ...joined, ...(crowd && { crowd }), ...(areasPx && { areasPx }), ...(groupOf && { groupOf }) }
}

function sizeText(sizeHw: readonly [number, number]): string {
  return `${sizeHw[1]} × ${sizeHw[0]}`
}
