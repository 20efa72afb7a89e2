import type { Digest } from '../engine/base/digest.ts'
import type { CellRecord, RunLog, RunRow } from '../engine/contract/store.ts'
import { toBytes, toHex } from './codec.ts'
import type { Connection } from './connection.ts'
import { liveOwners, registerOwner } from './owners.ts'

interface Row {
  id: string
  pipeline: string
  path: string
  params_json: string
  started_ms: number
  finished_ms: number | null
  status: string
  summary_json: string | null
  owner: number | null
}

type Started = Parameters<RunLog['start']>[0]

interface CellRow {
  run: string
  recipe: Buffer
  inputs_json: string
  outputs_json: string
}

/** Runs in the index. A run that never finished and whose process is gone is listed as `interrupted`. */
export function openRunLog(connection: Connection, now: () => number): RunLog {
  const { sql } = connection
  const startedHere = new Map<string, Started>()

  /** Inside a transaction. The row is gone when the index was replaced in the middle of the run. */
  function ensure(id: string): void {
    const run = startedHere.get(id)
    if (run === undefined || sql('SELECT 1 FROM run WHERE id = ?').get(id) !== undefined) return
    sql(
      `INSERT INTO run (id, pipeline, path, started_ms, status, params_json, owner) VALUES (?, ?, ?, ?, 'running', ?, ?)`,
    ).run(id, run.pipeline, run.path, run.startedMs, run.paramsJson, registerOwner(connection, now()))
    for (const recipe of run.recipes ?? []) {
      sql('INSERT INTO run_recipe (run, recipe) SELECT ?, id FROM recipe WHERE digest = ? ON CONFLICT DO NOTHING').run(
        id,
        toBytes(recipe),
      )
    }
  }

  return {
    start: run => {
      startedHere.set(run.id, run)
      connection.write('recording the start of a run', () => ensure(run.id))
    },
    finish: (id, end) => {
      connection.write('recording the end of a run', () => {
        ensure(id)
        sql('UPDATE run SET finished_ms = ?, status = ?, summary_json = ?, owner = NULL WHERE id = ?').run(
          end.finishedMs,
          end.status,
          end.summaryJson,
          id,
        )
      })
    },
    cell: (id, record) => {
      connection.write('recording the cells of a run', () => {
        ensure(id)
        sql(
          `INSERT INTO cell (run, address, recipe, inputs_json, outputs_json) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (run, address) DO UPDATE SET recipe = excluded.recipe, inputs_json = excluded.inputs_json,
             outputs_json = excluded.outputs_json`,
        ).run(id, record.address, toBytes(record.recipe), inputsJson(record), JSON.stringify(record.outputs))
      })
    },
    list: limit =>
      connection.read(() => {
        const live = liveOwners(connection, now())
        return sql<Row>('SELECT * FROM run ORDER BY started_ms DESC, id DESC LIMIT ?')
          .all(limit)
          .map(row => toRun(row, live))
      }),
    cells: id =>
      connection.read(() =>
        sql<CellRow & { address: string }>(
          'SELECT address, run, recipe, inputs_json, outputs_json FROM cell WHERE run = ? ORDER BY address',
        )
          .all(id)
          .map(row => toCell(row.address, row)),
      ),
    lastCell: (pipelinePath, address) =>
      connection.read(() => {
        const found = sql<CellRow>(
          `SELECT c.run, c.recipe, c.inputs_json, c.outputs_json FROM cell c JOIN run r ON r.id = c.run
           WHERE c.address = ? AND r.path = ? ORDER BY r.started_ms DESC, r.id DESC LIMIT ?`,
        ).all(address, pipelinePath, startedHere.size + 1)
        const row = found.find(cell => !startedHere.has(cell.run))
        return row && { runId: row.run, ...toCell(address, row) }
      }),
  }
}

function toRun(row: Row, live: ReadonlySet<number>): RunRow {
  const running = row.status === 'running' && row.owner !== null && live.has(row.owner)
  return {
    id: row.id,
    pipeline: row.pipeline,
    path: row.path,
    paramsJson: row.params_json,
    startedMs: row.started_ms,
    finishedMs: row.finished_ms ?? undefined,
    status: row.status === 'running' && !running ? 'interrupted' : row.status,
    summaryJson: row.summary_json ?? undefined,
  }
}

type Inputs = CellRecord['inputs']

/** The column is a list of inputs, or since there is wiring a map that holds both. */
function inputsJson({ inputs, wiring }: CellRecord): string {
  return JSON.stringify(wiring === undefined ? inputs : { inputs, wiring })
}

function toCell(address: string, row: CellRow): CellRecord {
  const stored = JSON.parse(row.inputs_json) as Inputs | Required<Pick<CellRecord, 'inputs' | 'wiring'>>
  return {
    address,
    recipe: toHex(row.recipe),
    outputs: JSON.parse(row.outputs_json) as { [port: string]: Digest },
    ...('wiring' in stored ? stored : { inputs: stored }),
  }
}
