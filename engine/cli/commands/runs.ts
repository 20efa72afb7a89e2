import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../../cache/open.ts'
import { foldEvents } from '../../report/apply-event.ts'
import { htmlReport } from '../../report/html-report.ts'
import { readJournal } from '../../report/journal.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import { runsLines } from '../../report/runs-table.ts'
import { summaryLines } from '../../report/summary.ts'
import { cachePlace } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayProblems, sayRemark, wantsColour } from '../say.ts'

interface RunsOptions extends CacheOptions {
  readonly html?: string
}

/** `maskloom runs [run]`: the list, or one run as its journal tells it. */
export async function runsCommand(run: string | undefined, options: RunsOptions): Promise<number> {
  const store = openStore(cachePlace(options).folder, { remark: sayRemark })
  try {
    const runs = store.runs.list(run === undefined ? 30 : 1000)
    if (run === undefined) {
      process.stdout.write(options.json ? `${JSON.stringify(runs)}\n` : `${runsLines(runs, Date.now()).join('\n')}\n`)
      return exitCode.done
    }
    const id = run === 'last' ? runs[0]?.id : run
    const path = join(store.directory!, 'runs', `${id}.jsonl`)
    if (id === undefined || !existsSync(path)) {
      sayProblems(
        [
          {
            code: 'bad-argument',
            message: `there is no record of a run \`${run}\``,
            fix: '`maskloom runs` lists them',
          },
        ],
        options.json === true,
      )
      return exitCode.wrong
    }
    const events = [...readJournal(path)]
    if (options.html !== undefined) {
      writeFileSync(options.html, htmlReport(events))
      process.stdout.write(`${options.html}\n`)
    } else if (options.json) {
      process.stdout.write(events.map(event => `${JSON.stringify(event)}\n`).join(''))
    } else {
      process.stdout.write(
        `${summaryLines(foldEvents(events), wantsColour(process.stdout) ? terminalPaint : noPaint).join('\n')}\n`,
      )
    }
    return exitCode.done
  } finally {
    store.close()
  }
}
