/** The parts of a progress bar as text, so that a row can colour each one. */
export interface Bar {
  readonly cached: string
  readonly computed: string
  readonly lost: string
  readonly rest: string
}

/**
 * Ends are rounded down: a bar is full only when everything has come to an end. Without a known number of tasks it is
 * blank before the first and dotted after.
 */
export function progressBar(
  width: number,
  tasks: number | undefined,
  counts: { readonly cached: number; readonly computed: number; readonly lost: number },
): Bar {
  if (width <= 0) return { cached: '', computed: '', lost: '', rest: '' }
  if (tasks === undefined) {
    const begun = counts.cached + counts.computed + counts.lost > 0
    return { cached: '', computed: '', lost: '', rest: (begun ? '┄' : ' ').repeat(width) }
  }
  const end = (count: number) => (tasks === 0 ? 0 : Math.min(width, Math.floor((width * count) / tasks)))
  const cachedEnd = end(counts.cached)
  const computedEnd = end(counts.cached + counts.computed)
  const lostEnd = end(counts.cached + counts.computed + counts.lost)
  return {
    cached: '▒'.repeat(cachedEnd),
    computed: '█'.repeat(computedEnd - cachedEnd),
    lost: '▚'.repeat(lostEnd - computedEnd),
    rest: '░'.repeat(width - lostEnd),
  }
}

/** A plain meter, 0…1. */
export function meter(width: number, share: number): { readonly full: string; readonly rest: string } {
  const cells = Math.round(Math.min(1, Math.max(0, share)) * width)
  return { full: '█'.repeat(cells), rest: '░'.repeat(width - cells) }
}
