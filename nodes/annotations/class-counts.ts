import { quantile } from '../kernels/bootstrap.ts'
import { maskAreas } from '../kernels/rle.ts'
import type { ClassList } from '../values/classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Table } from '../values/table.ts'

/** Counts that grow image by image; what the statistics of a data set are made of. */
export interface ClassCounts {
  readonly classes: ClassList
  /** By label: pixels of every mask that has some. */
  readonly areasPx: readonly number[][]
  /** By label. */
  readonly instances: number[]
  readonly images: number[]
  readonly mostInImage: number[]
  /** By label: label → images with both; only towards greater labels. */
  readonly together: readonly Map<number, number>[]
  readonly perImage: { readonly id: string; readonly sizeHw: readonly [number, number]; readonly labels: Int32Array }[]
}

export function newClassCounts(classes: ClassList): ClassCounts {
  const zeros = () => classes.map(() => 0)
  return {
    classes,
    areasPx: classes.map(() => []),
    instances: zeros(),
    images: zeros(),
    mostInImage: zeros(),
    together: classes.map(() => new Map()),
    perImage: [],
  }
}

export function countImage(counts: ClassCounts, id: string, { labels, masks, sizeHw }: Instances): void {
  const areasPx = maskAreas(masks)
  const here = new Map<number, number>()
  for (const [i, label] of labels.entries()) {
    here.set(label, (here.get(label) ?? 0) + 1)
    if (areasPx[i]! > 0) counts.areasPx[label]!.push(areasPx[i]!)
  }
  const present = [...here.keys()].sort((a, b) => a - b)
  for (const [k, label] of present.entries()) {
    const count = here.get(label)!
    counts.instances[label]! += count
    counts.images[label]!++
    counts.mostInImage[label] = Math.max(counts.mostInImage[label]!, count)
    const row = counts.together[label]!
    for (const other of present.slice(k + 1)) row.set(other, (row.get(other) ?? 0) + 1)
  }
  counts.perImage.push({ id, sizeHw, labels })
}

/** Labels by falling number of instances, ties by label. */
export function labelsByRank({ instances }: ClassCounts): number[] {
  return [...instances.keys()].sort((a, b) => instances[b]! - instances[a]! || a - b)
}

/** A row for each class, also for those without instances. */
export function classTable(counts: ClassCounts): Table {
  const { classes, instances, images, mostInImage, areasPx, perImage } = counts
  const total = sum(instances)
  const columns = ['rank', 'class', 'name', 'instances', 'share', 'images', 'image_share', 'per_image', 'most_in_image']
  const quantiles = ['area_min', 'area_p10', 'area_p25', 'area_median', 'area_p75', 'area_p90', 'area_max']
  const shares = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
  return {
    columns: [...columns, ...quantiles],
    rows: labelsByRank(counts).map((label, rank) => {
      const { id, name } = classes[label]!
      const sorted = Float64Array.from(areasPx[label]!).sort()
      return [
        ...[rank + 1, id, name, instances[label]!, ratio(instances[label]!, total)],
        ...[images[label]!, ratio(images[label]!, perImage.length), ratio(instances[label]!, images[label]!)],
        mostInImage[label]!,
        ...shares.map(share => (sorted.length === 0 ? null : quantile(sorted, share))),
      ]
    }),
  }
}

/**
 * The `most` pairs of classes seen together in most images (ties: by label). `lift` is how many times more often they meet
 * than classes that do not care about each other would.
 */
export function pairTable({ classes, images, together, perImage }: ClassCounts, most: number): Table {
  const pairs = together.flatMap((row, a) => [...row].map(([b, both]) => ({ a, b, both })))
  pairs.sort((p, q) => q.both - p.both || p.a - q.a || p.b - q.b)
  return {
    columns: ['class', 'with', 'images', 'share_of_class', 'share_of_with', 'lift'],
    rows: pairs
      .slice(0, most)
      .map(({ a, b, both }) => [
        classes[a]!.id,
        classes[b]!.id,
        both,
        both / images[a]!,
        both / images[b]!,
        (both * perImage.length) / (images[a]! * images[b]!),
      ]),
  }
}

/** A row for each image. */
export function imageTable({ perImage }: ClassCounts): Table {
  return {
    columns: ['item', 'width', 'height', 'instances', 'classes'],
    rows: perImage.map(({ id, sizeHw: [height, width], labels }) => [
      id,
      width,
      height,
      labels.length,
      new Set(labels).size,
    ]),
  }
}

/** A row for each class of each image, in label order. */
export function imageClassTable({ classes, perImage }: ClassCounts): Table {
  return {
    columns: ['image', 'class', 'instances'],
    rows: perImage.flatMap(({ id, labels }) =>
      [...new Set(labels)]
        .sort((a, b) => a - b)
        .map(label => [id, classes[label]!.id, labels.filter(other => other === label).length]),
    ),
  }
}

export function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
