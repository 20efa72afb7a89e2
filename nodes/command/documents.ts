import { readFile } from 'node:fs/promises'
import { describeValue } from '../../engine/base/words.ts'
import { isRecord, parseJsonFile } from '../values/bad-file.ts'
import { type Metrics, metricsKind } from '../values/metrics.ts'
import { type Table, tableKind } from '../values/table.ts'
import { type Weights, weightsDocumentProblem } from '../values/weights.ts'
import { failed } from './work-folder.ts'

/** `{ columns: [text, …], rows: [[text, number or null, …], …] }`, as a program wrote it. */
export async function readTable(path: string, name: string): Promise<Table> {
  const found = parseJsonFile(name, await readFile(path))
  const wrong = (what: string) => failed(`${name}: ${what}; expected { "columns": [text, …], "rows": [[cell, …], …] }`)
  if (!isRecord(found)) throw wrong(`found ${describeValue(found)}`)
  const { columns, rows } = found
  if (!isListOf(columns, isText)) throw wrong(`\`columns\` is ${describeValue(columns)}`)
  if (!Array.isArray(rows)) throw wrong(`\`rows\` is ${describeValue(rows)}`)
  const bad = rows.findIndex(row => !isListOf(row, isCell))
  if (bad >= 0) throw wrong(`row ${bad} is no list of texts, numbers or null`)
  const table = { columns, rows } as Table
  tableKind.encode(table)
  return table
}

/** `{ group: { name: number or null, … }, … }`, as a program wrote it. */
export async function readMetrics(path: string, name: string): Promise<Metrics> {
  const found = parseJsonFile(name, await readFile(path))
  const wrong = (what: string) => failed(`${name}: ${what}; expected { "group": { "name": number or null, … }, … }`)
  if (!isRecord(found)) throw wrong(`found ${describeValue(found)}`)
  for (const [group, numbers] of Object.entries(found)) {
    if (!isRecord(numbers)) throw wrong(`\`${group}\` is ${describeValue(numbers)}`)
    const bad = Object.entries(numbers).find(([, value]) => value !== null && typeof value !== 'number')
    if (bad !== undefined) throw wrong(`\`${group}\` / \`${bad[0]}\` is ${describeValue(bad[1])}`)
  }
  metricsKind.encode(found as Metrics)
  return found as Metrics
}

/** `{ axis: { id: number, … }, … }`, as a program wrote it. */
export async function readWeights(path: string, name: string): Promise<Weights> {
  const found = parseJsonFile(name, await readFile(path))
  const problem = weightsDocumentProblem(found)
  if (problem !== undefined) throw failed(`${name}: ${problem}; expected { "axis": { "id": number from 0, … }, … }`)
  return found as Weights
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isCell(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number'
}

function isListOf(value: unknown, accepts: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(accepts)
}
