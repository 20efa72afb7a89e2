import type Database from 'better-sqlite3'
import { TaskError } from '../engine/base/diagnostic.ts'

/** "MKLM": tells our index from any other SQLite database. */
export const APPLICATION_ID = 0x4d4b4c4d

/**
 * Each entry takes the database one version further; entries are only ever added. Version = number of entries applied.
 *
 * Ordinary rowid tables throughout: WITHOUT ROWID is 2–3 times slower as soon as rows hold bytes. Keys and digests are
 * 32-byte blobs. `used` is in seconds since the epoch, written only when hours out of date (see late-writes.ts).
 */
const migrations: readonly string[] = [
  `
  -- The parts of task keys that do not change from item to item; JSON for 'why'.
  CREATE TABLE recipe (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, json TEXT);

  -- Known: key -> digests of its outputs. ports: names sorted, comma between; digests: 32 bytes for each, same order;
  -- seal: see codec.ts.
  CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    recipe INTEGER NOT NULL,
    ports TEXT NOT NULL,
    digests BLOB NOT NULL,
    seal BLOB NOT NULL,
    duration_ms REAL NOT NULL,
    used INTEGER NOT NULL
  );

  -- Present: bytes are in table bytes (inline = 1) or in objects/ (inline = 0). cost_ms: time to make them again.
  CREATE TABLE blob (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    inline INTEGER NOT NULL,
    cost_ms REAL NOT NULL,
    used INTEGER NOT NULL
  );
  -- Apart from blob, so that walking over blobs does not walk over their bytes.
  CREATE TABLE bytes (blob INTEGER PRIMARY KEY REFERENCES blob (id) ON DELETE CASCADE, content BLOB NOT NULL);

  -- sha256 of source files, valid as long as all five numbers match.
  CREATE TABLE file (
    dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    sha256 BLOB NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (dev, ino)
  );
  CREATE TABLE memo (key BLOB PRIMARY KEY, json TEXT NOT NULL);

  -- Live processes; see owner.ts and leases.ts.
  CREATE TABLE owner (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, start TEXT NOT NULL,
    beat_ms INTEGER NOT NULL,
    UNIQUE (host, boot, pid, start)
  );
  CREATE TABLE lease (
    segment BLOB NOT NULL, item TEXT NOT NULL,
    owner INTEGER NOT NULL REFERENCES owner (id) ON DELETE CASCADE, taken_ms INTEGER NOT NULL,
    PRIMARY KEY (segment, item)
  );
  CREATE INDEX lease_owner ON lease (owner);

  CREATE TABLE run (
    id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, path TEXT NOT NULL, started_ms INTEGER NOT NULL, finished_ms INTEGER,
    status TEXT NOT NULL, params_json TEXT NOT NULL, summary_json TEXT,
    owner INTEGER REFERENCES owner (id) ON DELETE SET NULL
  );
  CREATE INDEX run_owner ON run (owner);
  CREATE INDEX run_started ON run (started_ms);
  CREATE TABLE cell (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE, address TEXT NOT NULL,
    recipe BLOB NOT NULL, inputs_json TEXT NOT NULL, outputs_json TEXT NOT NULL,
    PRIMARY KEY (run, address)
  );
  CREATE INDEX cell_address ON cell (address);
  `,
  `
  -- What a run may ask for, known when it starts: collection keeps it while the run goes on, export takes it along.
  CREATE TABLE run_recipe (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    recipe INTEGER NOT NULL REFERENCES recipe (id) ON DELETE CASCADE,
    PRIMARY KEY (run, recipe)
  );
  `,
  `
  -- One tree instead of three: a lease is taken for everything that is computed, and every page that changes costs.
  DROP TABLE lease;
  CREATE TABLE lease (
    segment BLOB NOT NULL, item TEXT NOT NULL,
    owner INTEGER NOT NULL REFERENCES owner (id) ON DELETE CASCADE, taken_ms INTEGER NOT NULL,
    PRIMARY KEY (segment, item)
  ) WITHOUT ROWID;
  `,
]

/**
 * Brings the database to the newest version, in one transaction.
 * @throws TaskError `store-newer` if a newer program wrote it: never guess what its columns mean.
 */
export function migrate(db: Database.Database, path: string, steps: readonly string[] = migrations): void {
  const found = version(db)
  if (found === steps.length) return
  if (found > steps.length) throw newer(path, found, steps.length)
  db.transaction(() => {
    for (const step of steps.slice(version(db))) db.exec(step)
    db.pragma(`application_id = ${APPLICATION_ID}`)
    db.pragma(`user_version = ${steps.length}`)
  }).immediate()
}

/** The version this program reads and writes. */
export const SCHEMA_VERSION = migrations.length

export function version(db: Database.Database): number {
  return Number(db.pragma('user_version', { simple: true }))
}

function newer(path: string, found: number, known: number): TaskError {
  return new TaskError({
    code: 'store-newer',
    message: `The cache ${path} was written by a newer maskloom (format ${found}; this one knows up to ${known})`,
    fix: 'update maskloom, or use another cache folder: --cache DIR',
  })
}
