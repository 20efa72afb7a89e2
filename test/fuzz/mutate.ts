/** Small numbers that look random and come again with the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const signs = [
  ...['{', '}', '[', ']', ': ', ',', '- ', '"', "'", '#', '&x ', '*x', '!t ', '|\n', '>\n', '\t', '\n', '\r\n', '<<: '],
  ...['? ', '---\n', '...\n', '%YAML 1.1\n', '${', '}', '${params.', '${matrix.', '${env.HOME}', '$${', '~', '.nan'],
  ...['-0', '1e999', '99999999999999999999', 'true', 'null', '""', '[]', '{}', '\u0000', '\uD800', '😀', '\uFEFF'],
  ...['__proto__: ', 'constructor', 'toString', 'hasOwnProperty: 1\n', 'steps:\n', 'uses: ', 'matrix: ', 'over: [x]'],
  ...['../../../etc/passwd', '/dev/zero', '.', 'mini-open-images.yaml', 'a'.repeat(5000), '[[[['.repeat(200)],
]

/**
 * A pipeline with one to four mistakes of the kinds people and programs make: signs and words lost, doubled, exchanged or
 * put elsewhere; lines moved, doubled, indented otherwise; ends cut off. Words come from all pipelines.
 */
export function mutated(text: string, words: readonly string[], random: (below: number) => number): string {
  let result = text
  for (let edits = 1 + random(4); edits > 0; edits--) result = mutateOnce(result, words, random)
  return result
}

function mutateOnce(text: string, words: readonly string[], random: (below: number) => number): string {
  const at = random(text.length + 1)
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T
  const lines = text.split('\n')
  const line = random(lines.length)
  switch (random(10)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random(40))
    case 1:
      return text.slice(0, at) + pick(signs) + text.slice(at)
    case 2:
      return text.slice(0, at) + pick(words) + text.slice(at)
    case 3:
      return replaceWord(text, random, pick(words))
    case 4:
      return replaceWord(text, random, pick(signs))
    case 5:
      return lines.toSpliced(line, 1).join('\n')
    case 6:
      return lines.toSpliced(line, 0, pick(lines)).join('\n')
    case 7:
      return lines.with(line, ' '.repeat(random(9)) + lines[line]!.trimStart()).join('\n')
    case 8:
      return lines.toSpliced(line, 1).toSpliced(random(lines.length), 0, lines[line]!).join('\n')
    default:
      return random(8) === 0 ? text.slice(0, at) : text.slice(0, at) + text.slice(at, at + 60) + text.slice(at)
  }
}

function replaceWord(text: string, random: (below: number) => number, other: string): string {
  const found = [...text.matchAll(/[\w./-]+/g)]
  const word = found[random(found.length)]
  if (word === undefined) return other
  return text.slice(0, word.index) + other + text.slice(word.index + word[0].length)
}
