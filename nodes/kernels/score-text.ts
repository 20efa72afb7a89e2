/** Numbers from 0 to 1 as the programs of competitions print them. */

/**
 * With a fixed number of decimals, exact ties to the even digit, as C and Python print (`%.6f`). JavaScript's `toFixed`
 * rounds such ties up: 0.0078125 is 0.007812 here and 0.007813 there.
 */
export function fixedText(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  if (decimals >= 76 || !value.toFixed(decimals + 1).endsWith('5')) return text
  // A number from 0 to 1 whose 7th decimal is its last has no more bits than this shows.
  const exact = value.toFixed(100)
  if (!/^50*$/.test(exact.slice(exact.indexOf('.') + 1 + decimals))) return text
  const down = decimals === 0 ? exact.slice(0, exact.indexOf('.')) : exact.slice(0, exact.indexOf('.') + 1 + decimals)
  return Number(down.at(-1)) % 2 === 0 ? down : text
}

/** The fewest digits that read back as the same number, in Python's form (`str(float)`): 1.0, 0.25, 1.2e-05. */
export function pythonText(value: number): string {
  if (value !== 0 && value < 1e-4) {
    return value.toExponential().replace(/e-(\d)$/, 'e-0$1')
  }
  const text = String(value)
  return Number.isInteger(value) ? `${text}.0` : text
}
