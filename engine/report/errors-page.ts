import { codeGroups } from '../base/codes.ts'

const opening = `# Errors

Every problem Maskloom reports has a code, a place (file, line and column, or the step and the item), what was expected and
what was found, and often a \`fix:\` line with what to try. The code names the kind of mistake; the message says the rest.
With \`--json\` the same comes as data: \`code\`, \`message\`, \`file\`, \`range\`, \`notes\`, \`fix\`.

Made from the list in the source by a test; do not edit.
`

/** `docs/errors.md`: every code with its sentence. */
export function errorsPage(): string {
  const groups = Object.entries(codeGroups).map(([title, codes]) => {
    const rows = Object.entries(codes).map(([code, sentence]) => `| \`${code}\` | ${sentence.replaceAll('|', '\\|')} |`)
    return `\n## ${title.replace(/ \(.*\)$/, '')}\n\n| code | meaning |\n| --- | --- |\n${rows.join('\n')}\n`
  })
  return `${opening}${groups.join('')}`
}
