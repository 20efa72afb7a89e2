import { badFile, isRecord, parseJsonFile } from '../values/bad-file.ts'
import { type Coordinates, coordinateNames } from '../values/coordinates.ts'

/**
 * Seconds per item of the cell at each of these coordinates, from the document of `maskloom cost --json`: an object with
 * `cells`, each with `coordinates`, `secondsPerItem` and `unknownSteps`.
 * @throws TaskError `bad-file` naming the cell that is missing or not known in full.
 */
export function readSecondsPerItem(path: string, bytes: Uint8Array, wanted: readonly Coordinates[]): readonly number[] {
  const document = parseJsonFile(path, bytes)
  const cells = isRecord(document) ? document['cells'] : undefined
  if (!Array.isArray(cells) || !cells.every(isRecord)) throw badFile(path, undefined, 'there is no list `cells`', FIX)
  return wanted.map((coordinates, i) => {
    const name = coordinateNames(wanted)[i]!
    const cell = cells.find(one => isRecord(one['coordinates']) && equal(one['coordinates'], coordinates))
    if (cell === undefined) throw badFile(path, undefined, `there is no cell for ${name}`, FIX)
    const unknown = cell['unknownSteps']
    if (Array.isArray(unknown) && unknown.length > 0)
      throw badFile(
        path,
        `cell ${name}`,
        `these steps had not run: ${unknown.join(', ')}`,
        `run the pipeline, then ${FIX}`,
      )
    const seconds = cell['secondsPerItem']
    if (typeof seconds !== 'number' || !(seconds >= 0) || seconds === Number.POSITIVE_INFINITY)
      throw badFile(path, `cell ${name}`, `secondsPerItem is ${JSON.stringify(seconds)}, expected a number from 0`, FIX)
    return seconds
  })
}

const FIX = 'write the file with `maskloom cost PIPELINE STEP --json`, STEP being the one that feeds this one'

function equal(found: { readonly [axis: string]: unknown }, wanted: Coordinates): boolean {
  const axes = Object.keys(wanted)
  return Object.keys(found).length === axes.length && axes.every(axis => found[axis] === wanted[axis])
}
