/**
 * Sizes, durations and shares as people write them, on the command line and in the config file. Undefined: not understood.
 */

const sizePattern = '^\\d+(\\.\\d+)?\\s*([kKmMgGtT]?)([iI]?[bB])?$'

/** For schemas: what `parseBytes` takes. */
export const sizeWords = 'a size such as 600MiB or 50GiB'
export const sizeText = { type: 'string', pattern: sizePattern, 'x-expected': sizeWords } as const

/** `600MiB`, `4GiB` and `4G` count in 1024s, `4GB` in 1000s; a plain number is bytes. */
export function parseBytes(text: string): number | undefined {
  const match = new RegExp(sizePattern).exec(text.trim())
  if (match === null) return undefined
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase())
  const base = match[3]?.toLowerCase() === 'b' && power > 0 ? 1000 : 1024
  const bytes = Math.round(Number.parseFloat(text) * base ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Less is a forgotten unit: the engine alone takes more. */
export const leastMemoryBytes = 2 ** 20
export const leastMemoryWords = 'a memory budget of at least 1MiB'

export const durationWords = 'a duration such as 8h30m, 45m or 90s'

const unitMs: { readonly [unit: string]: number } = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/** `8h30m`, `1d 12h`, `1.5h`, `90s`: units from large to small, each at most once. Milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  const number = '(\\d+(?:\\.\\d+)?)'
  const pattern = `^(?:${number}d)?\\s*(?:${number}h)?\\s*(?:${number}m)?\\s*(?:${number}s)?$`
  const match = new RegExp(pattern).exec(text.trim())
  if (match === null || text.trim() === '') return undefined
  const [, d = '0', h = '0', m = '0', s = '0'] = match
  return Math.round([d, h, m, s].reduce((sum, count, i) => sum + Number(count) * unitMs['dhms'[i]!]!, 0))
}

export const shareWords = 'a percentage above 0% and up to 100%'

/** `1%`, `0.5%`, `100%` as a number in (0, 1]. The sign must be there: nobody can tell what `1` means. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())
  const share = Number(match?.[1]) / 100
  return share > 0 && share <= 1 ? share : undefined
}
