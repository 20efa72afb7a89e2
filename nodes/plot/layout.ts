/** What charts of all sorts share. */

export const PLOT_WIDTH = 440
export const PLOT_HEIGHT = 340
export const ROW_HEIGHT = 20
/** More rows than this are not read. */
export const MOST_ROWS = 80
/** Told apart with colour blindness too (Okabe, Ito 2008). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const
export const GREY = '#888888'

/** An axis of numbers. Where all are whole and few, no tick stands between them. */
export function numbers(field: string, title: string, values: readonly number[]) {
  const ticks = values.every(Number.isInteger) ? wholeTicks(values) : []
  return { field, type: 'quantitative', axis: { title, ...(ticks.length > 0 && { values: ticks }) } } as const
}

/** All whole numbers from the least to the greatest; none if they are more than Vega would choose itself. */
function wholeTicks(values: readonly number[]): number[] {
  const least = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY)
  const greatest = values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY)
  return greatest - least <= 10 ? Array.from({ length: greatest - least + 1 }, (_, i) => least + i) : []
}

/** An axis of names, from top to bottom. */
export function names(order: readonly string[]) {
  return { field: 'name', type: 'nominal', sort: [...order], axis: { title: null, grid: false } } as const
}

/** Entries whose name has not come before. */
export function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  const seen = new Set<string>()
  return entries.filter(({ name }) => !seen.has(name) && seen.add(name))
}

/** The title, with how many are not drawn. */
export function titled(title: string, leftOut: number): string {
  return leftOut === 0 ? title : `${title} (and ${leftOut} more)`
}
