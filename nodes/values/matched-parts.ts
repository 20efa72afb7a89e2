/** What the parentheses of a pattern match in a text, joined with _; empty if it does not match. */
export function matchedParts(pattern: RegExp, text: string): string {
  const parts = pattern.exec(text)?.slice(1) ?? []
  return parts.filter(part => part !== undefined).join('_')
}

/** What is wrong with a regular expression, or undefined. */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
