/**
 * Image-level labels of Open Images with a class hierarchy. Source: `oid_hierarchical_labels_expansion.py` of the
 * TensorFlow Object Detection API: what is there makes every ancestor be there, what is not there makes every descendant
 * not be there. Each label comes once, however many paths lead to it.
 */

export interface ImageLabels {
  /** Labels confirmed to be in the image (confidence 1). */
  readonly positive: Iterable<number>
  /** Labels confirmed not to be in it (confidence 0). */
  readonly negative: Iterable<number>
}

/**
 * Verified labels after expansion, ascending.
 * @param ancestors for each label every label above it.
 */
export function expandImageLabels(labels: ImageLabels, ancestors: readonly (readonly number[])[]): number[] {
  const verified = new Set<number>()
  for (const label of labels.positive) {
    verified.add(label)
    for (const above of ancestors[label] ?? []) verified.add(above)
  }
  const absent = new Set(labels.negative)
  for (const label of absent) verified.add(label)
  if (absent.size > 0) {
    ancestors.forEach((above, label) => {
      if (above.some(ancestor => absent.has(ancestor))) verified.add(label)
    })
  }
  return [...verified].sort((a, b) => a - b)
}
