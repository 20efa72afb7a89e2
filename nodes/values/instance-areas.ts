import { maskAreas } from '../kernels/rle.ts'
import type { Instances } from './instances.ts'

/** [N] px²: as the annotation states it where it does, else the pixels of the mask. */
export function statedAreas(instances: Instances): Float64Array {
  return instances.areasPx ?? maskAreas(instances.masks)
}
