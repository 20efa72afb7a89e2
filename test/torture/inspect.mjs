import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import Database from 'better-sqlite3'
import { verifyStore } from '../../dist/cache/verify.js'

/** Digest of every file below a folder. */
export function digestTree(folder) {
  if (!existsSync(folder)) return {}
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(entry => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map(path => [relative(folder, path), sha256(readFileSync(path))]))
}

/** What every task of a cache made: key → ports and digests. */
export function resultsOf(folder) {
  const db = new Database(join(folder, '.maskloom', 'index.db'), { readonly: true })
  const rows = db.prepare('SELECT hex(key) AS key, ports, hex(digests) AS digests FROM task').all()
  db.close()
  return new Map(rows.map(({ key, ports, digests }) => [key, `${ports} ${digests}`]))
}

/**
 * What is wrong with a cache that was killed and used again, compared with one that was not: in words.
 * - a result that is another one than that of the undisturbed run (a wrong hit, had anybody asked);
 * - bytes that are not what their name says, by our own reading and by the store's;
 * - an index that was found damaged and set aside.
 */
export function faultsOf(folder, reference) {
  const faults = []
  for (const [key, found] of resultsOf(folder)) {
    const expected = reference.get(key)
    if (expected === undefined) faults.push(`wrong: a result under ${key}, which the undisturbed run has not`)
    else if (expected !== found) faults.push(`wrong: ${key} is ${found}, expected ${expected}`)
  }
  const objects = join(folder, '.maskloom', 'objects')
  for (const shard of readdirSync(objects)) {
    for (const name of readdirSync(join(objects, shard))) {
      if (sha256(readFileSync(join(objects, shard, name))) !== shard + name) faults.push(`truncated: ${shard}${name}`)
    }
  }
  const verified = verifyStore(join(folder, '.maskloom'))
  if (verified.damagedResults > 0) faults.push(`damaged: ${verified.damagedResults} results`)
  for (const digest of verified.damagedValues) faults.push(`damaged: ${digest}`)
  for (const digest of verified.missingValues) faults.push(`missing: ${digest}`)
  const aside = join(folder, '.maskloom', 'aside')
  for (const name of existsSync(aside) ? readdirSync(aside) : []) faults.push(`set aside: ${name}`)
  return faults
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
