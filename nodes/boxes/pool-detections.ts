import { TaskError } from '../../engine/base/diagnostic.ts'
import type { PooledBoxes } from '../kernels/box-pool.ts'
import type { Detections } from '../values/detections.ts'
import { mapLabels } from '../values/united-classes.ts'

/** The detections of several sources of one image in one list, source by source. */
export interface PooledDetections extends PooledBoxes {
  readonly frameHw: readonly [number, number]
}

/**
 * @param labelMaps for each source, the united label of each of its labels.
 * @throws TaskError when the sources are of images of different size, or a label is outside its list.
 */
export function poolDetections(sources: readonly Detections[], labelMaps: readonly Int32Array[]): PooledDetections {
  const frameHw = sources[0]!.frameHw
  const total = sources.reduce((sum, { scores }) => sum + scores.length, 0)
  const pool = {
    frameHw,
    boxesXyxy: new Float64Array(4 * total),
    scores: new Float64Array(total),
    labels: new Int32Array(total),
    sources: new Int32Array(total),
  }
  let at = 0
  for (const [source, part] of sources.entries()) {
    if (part.frameHw[0] !== frameHw[0] || part.frameHw[1] !== frameHw[1]) throw otherFrame(frameHw, part, source)
    pool.boxesXyxy.set(part.boxesXyxy, 4 * at)
    pool.scores.set(part.scores, at)
    pool.labels.set(mapLabels(part.labels, labelMaps[source]!, source), at)
    pool.sources.fill(source, at, at + part.scores.length)
    at += part.scores.length
  }
  return pool
}

/** Detections of the pool at `indices`, in that order, with these scores. */
export function pickDetections(
  pool: PooledDetections,
  indices: ArrayLike<number>,
  scores: ArrayLike<number>,
): Detections {
  const boxesXyxy = new Float64Array(4 * indices.length)
  for (let k = 0; k < indices.length; k++) {
    boxesXyxy.set(pool.boxesXyxy.subarray(4 * indices[k]!, 4 * indices[k]! + 4), 4 * k)
  }
  return {
    frameHw: pool.frameHw,
    boxesXyxy,
    scores: Float64Array.from(scores),
    labels: Int32Array.from(indices, index => pool.labels[index]!),
  }
}

function otherFrame(frameHw: readonly [number, number], part: Detections, source: number): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `detections in a frame of ${part.frameHw.join(' × ')} (source ${source}) cannot meet those of ${frameHw.join(' × ')} (source 0; height × width)`,
    fix: 'give detections of the same picture, in the frame of the original image',
  })
}
