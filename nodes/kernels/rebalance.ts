import { choiceWithout, type Mt19937 } from './mt19937.ts'

/**
 * How often each image comes in an epoch so that rare classes are seen more often. Classes are ranked by their number of
 * images, most first; groups of ranks are treated in the order given, classes of a group from the rarest on.
 * Source: make_rebalanced_train_ann*.py of the 7th-place solution of Open Images 2019.
 */
export interface RankGroup {
  /** Ranks from `first` to `last`, both included, from 0; ranks that do not exist are passed over. */
  readonly first: number
  readonly last: number
  /**
   * - `set`: every image comes `count` times, an extra one `extraCount` times; whatever was there before.
   * - `fill`: images without a place share what the class lacks of `target` evenly; the remainder is drawn by lot.
   * - `at-least`: every image comes `count` times or more.
   * - `draw`: of the images without a place as many as the class lacks of `target` get one, by lot.
   */
  readonly rule: 'set' | 'fill' | 'at-least' | 'draw'
  readonly count: number
  /** `set`: for extra images. `fill`: extra images of these classes begin with it. `draw`: all extra images have it at least. */
  readonly extraCount: number
  readonly target: number
  /** Places to give when a class is over its target already; 0: none. */
  readonly exceeded: number
  /** How the images stand from which lots are drawn: as in `images`, or by `sortedPlaces`. */
  readonly order: 'appearance' | 'sorted'
  /** A class of this number ends the group untouched, and those that would come after it. */
  readonly stopAt?: number
}

export interface RebalanceOptions {
  /**
   * `default`: no image comes more than `maxRepeats` times by filling; beginnings of extra images never lower a count;
   * lots end when nobody is left. `openimages-2019`: a group ends after the class that brought an image above
   * `maxRepeats`; extra images of a `fill` group are set, also when they had more; more lots than images are refused.
   */
  readonly rule: 'default' | 'openimages-2019'
  readonly maxRepeats: number
}

/** What one epoch is made from. */
export interface ClassImages {
  /** For each class its images in the order of their appearance, each once. */
  readonly images: readonly (readonly number[])[]
  /** [images] place of each image when their ids are sorted. */
  readonly sortedPlaces: Uint32Array
  /** [images] 1 = comes from the second source. */
  readonly extra: Uint8Array
}

/** Classes by number of images descending; of equal ones the first. Classes without images have no rank. */
export function rankClasses(images: readonly (readonly number[])[]): number[] {
  const used = [...images.keys()].filter(label => images[label]!.length > 0)
  return used.sort((a, b) => images[b]!.length - images[a]!.length || a - b)
}

/**
 * @returns [images] how often each comes; 0 = not in this epoch.
 * @throws RangeError with `openimages-2019` when lots exceed images, as numpy does, naming the class by its number.
 */
export function rebalance(
  { images, extra, sortedPlaces }: ClassImages,
  groups: readonly RankGroup[],
  random: Mt19937,
  options: RebalanceOptions,
): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(extra.length)
  const ranked = rankClasses(images)
  for (const group of groups) {
    const classes = ranked.slice(group.first, group.last + 1).reverse()
    prepareExtra(counts, extra, classes, images, group, options)
    for (const label of classes) {
      if (label === group.stopAt) break
      treatClass(counts, images[label]!, label, { extra, sortedPlaces }, group, random, options)
      if (group.rule === 'fill' && options.rule === 'openimages-2019' && above(counts, options.maxRepeats)) break
    }
  }
  return counts
}

function prepareExtra(
  counts: Int32Array,
  extra: Uint8Array,
  classes: readonly number[],
  images: readonly (readonly number[])[],
  { rule, extraCount }: RankGroup,
  options: RebalanceOptions,
): void {
  if (rule === 'draw') {
    extra.forEach((isExtra, image) => {
      if (isExtra) counts[image] = Math.max(counts[image]!, extraCount)
    })
  }
  if (rule !== 'fill' || extraCount === 0) return
  for (const label of classes) {
    for (const image of images[label]!) {
      if (!extra[image]) continue
      counts[image] = options.rule === 'openimages-2019' ? extraCount : Math.max(counts[image]!, extraCount)
    }
  }
}

function treatClass(
  counts: Int32Array,
  images: readonly number[],
  label: number,
  { extra, sortedPlaces }: Pick<ClassImages, 'extra' | 'sortedPlaces'>,
  group: RankGroup,
  random: Mt19937,
  options: RebalanceOptions,
): void {
  if (group.rule === 'set') {
    for (const image of images) counts[image] = extra[image] ? group.extraCount : group.count
    return
  }
  if (group.rule === 'at-least') {
    for (const image of images) counts[image] = Math.max(counts[image]!, group.count)
    return
  }
  let lacking = group.target - images.reduce((sum, image) => sum + counts[image]!, 0)
  if (lacking < 0) {
    if (group.exceeded === 0) return
    lacking = group.exceeded
  }
  const left = images.filter(image => counts[image] === 0)
  if (left.length === 0) return
  if (group.order === 'sorted') left.sort((a, b) => sortedPlaces[a]! - sortedPlaces[b]!)
  if (group.rule === 'fill') fill(counts, left, lacking, random, options)
  else draw(counts, left, lacking, label, random, options)
}

function fill(
  counts: Int32Array,
  left: readonly number[],
  lacking: number,
  random: Mt19937,
  { rule, maxRepeats }: RebalanceOptions,
): void {
  const most = rule === 'default' ? maxRepeats : Number.POSITIVE_INFINITY
  const times = Math.floor(lacking / left.length)
  for (const image of left) counts[image] = Math.min(times, most)
  for (const chosen of choiceWithout(random, left.length, lacking % left.length)) {
    counts[left[chosen]!] = Math.min(times + 1, most)
  }
}

function draw(
  counts: Int32Array,
  left: readonly number[],
  lacking: number,
  label: number,
  random: Mt19937,
  { rule }: RebalanceOptions,
): void {
  if (lacking > left.length && rule === 'openimages-2019') {
    throw new RangeError(`class ${label} lacks ${lacking} places and has ${left.length} images without one`)
  }
  for (const chosen of choiceWithout(random, left.length, Math.min(lacking, left.length))) counts[left[chosen]!] = 1
}

function above(counts: Int32Array, limit: number): boolean {
  return counts.some(count => count > limit)
}
