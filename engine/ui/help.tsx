import { Text } from 'ink'

/** What the keys, marks and bars mean. */
export function Help(props: { readonly rows: number }) {
  return HELP.slice(0, props.rows).map(line => (
    <Text key={line} wrap="truncate">
      {line}
    </Text>
  ))
}

const HELP = [
  'q  or Ctrl-C   stop: finish and store what is in flight; once more: abort',
  'd              details of a step; ↑ ↓ PgUp PgDn choose it',
  'e              failures so far; ↑ ↓ scroll',
  '?              this help; Esc goes back to the steps',
  '▶ running  ✔ done  ✖ has failures  · waiting  – skipped',
  'bar: ▒ from the cache  █ computed  ▚ failed or skipped  ░ to do',
  'Stopping loses nothing: the same command continues where it ended.',
  'Times left are estimated from the work of this run; "at least" means',
  'that some steps have not been measured yet.',
]
