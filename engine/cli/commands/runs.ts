import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openMemoryStore } from '../../../cache/memory.ts'
import { openStore } from '../../../cache/open.ts'
import { runsDiff } from '../../api/runs-diff.ts'
import { foldEvents } from '../../report/apply-event.ts'
import { htmlReport } from '../../report/html-report.ts'
import { readJournal } from '../../report/journal.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import { runsDiffLines } from '../../report/runs-diff.ts'
import { recordLines, runsLines } from '../../report/runs-table.ts'
import { summaryLines } from '../../report/summary.ts'
import { cachePlace } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayProblems, sayRemark, wantsColour } from '../say.ts'

interface RunsOptions extends CacheOptions {
  readonly html?: string
}

/** `maskloom runs [run]`, `runs show RUN`, `runs diff A B`: the list, one run as its journal tells it, or two compared. */
export async function runsCommand(words: readonly string[], options: RunsOptions): Promise<number> {
  const [first, ...others] = words
  const run = first === 'show' ? others[0] : first
  const isDiff = first === 'diff'
  const place = cachePlace(options)
  const store = place.exists ? openStore(place.folder, { remark: sayRemark }) : openMemoryStore()
  try {
    const runs = store.runs.list(run === undefined ? 30 : 1000)
    const wrong = (message: string) => {
      sayProblems([{ code: 'bad-argument', message, fix: '`maskloom runs` lists them' }], options.json === true)
      return exitCode.wrong
    }
    const expected = isDiff ? 3 : first === 'show' ? 2 : Math.min(words.length, 1)
    if (words.length !== expected) return wrong('expected `runs`, `runs RUN`, `runs show RUN` or `runs diff RUN RUN`')
    if (isDiff) {
      const [a, b] = others.map(name => (name === 'last' ? runs[0]?.id : name)) as [string, string]
      const diff = runsDiff(store, a, b)
      if (diff === undefined) {
        const unknown = [a, b].find(id => !runs.some(one => one.id === id))
        return wrong(`there is no record of a run \`${unknown}\``)
      }
      const paint = wantsColour(process.stdout) ? terminalPaint : noPaint
      const text = options.json ? JSON.stringify(diff) : runsDiffLines(diff, paint).join('\n')
      process.stdout.write(`${text}\n`)
      return exitCode.done
    }
    if (run === undefined) {
      process.stdout.write(options.json ? `${JSON.stringify(runs)}\n` : `${runsLines(runs, Date.now()).join('\n')}\n`)
      return exitCode.done
    }
    const id = run === 'last' ? runs[0]?.id : run
    const path = join(place.folder, 'runs', `${id}.jsonl`)
    if (id === undefined || !existsSync(path)) {
      return wrong(`there is no record of a run \`${run}\``)
    }
    const events = [...readJournal(path)]
    if (options.html !== undefined) {
      writeFileSync(options.html, htmlReport(events))
      process.stdout.write(`${options.html}\n`)
    } else if (options.json) {
      process.stdout.write(events.map(event => `${JSON.stringify(event)}\n`).join(''))
    } else {
      process.stdout.write(
        `${[...summaryLines(foldEvents(events), wantsColour(process.stdout) ? terminalPaint : noPaint), ...recordLines(runs.find(one => one.id === id))].join('\n')}\n`,
      )
    }
    return exitCode.done
  } finally {
    store.close()
  }
}
