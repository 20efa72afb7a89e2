import { equalValues, fingerprint, heldBytes } from './value-identity.ts'

/** A value with a number that tells it from every other; equal values of one place have one number. */
export interface Held {
  readonly value: unknown
  readonly id: number
}

/** What a task made of an item with certain parameters and inputs. */
export interface Entry {
  readonly outputs: { readonly [port: string]: Held }
}

interface Kept extends Held {
  readonly bytes: number
  readonly hash: number | undefined
  users: number
}

interface KeptEntry extends Entry {
  readonly outputs: { readonly [port: string]: Kept }
  readonly place: Place
  readonly key: string
  /** Since it was last looked at for eviction. */
  used: boolean
}

/** One task on one item: what it made, by parameters and inputs. */
export interface Place {
  readonly entries: Map<string, Entry>
  /** By port and fingerprint. */
  readonly values: Map<string, Held>
}

export interface ValueMemo {
  readonly place: () => Place
  readonly hold: (value: unknown) => Held
  readonly find: (place: Place, key: string) => Entry | undefined
  readonly keep: (place: Place, key: string, outputs: { readonly [port: string]: unknown }) => Entry
}

/** Keeps what is used again, up to about `limitBytes`: what was not used since the last round goes first (clock). */
export function createValueMemo(limitBytes: number): ValueMemo {
  const entries = new Set<KeptEntry>()
  let bytes = 0
  let ids = 0

  return {
    place: () => ({ entries: new Map(), values: new Map() }),
    hold: value => ({ value, id: ids++ }),
    find(place, key) {
      const entry = place.entries.get(key) as KeptEntry | undefined
      if (entry !== undefined) entry.used = true
      return entry
    },
    keep(place, key, outputs) {
      const held = Object.entries(outputs).map(([port, value]) => [port, intern(place, port, value)] as const)
      const entry: KeptEntry = { outputs: Object.fromEntries(held), place, key, used: false }
      place.entries.set(key, entry)
      makeRoom()
      entries.add(entry)
      return entry
    },
  }

  /** The equal value that is there already, or this one. */
  function intern(place: Place, port: string, value: unknown): Kept {
    const hash = fingerprint(value)
    const known = hash === undefined ? undefined : (place.values.get(`${port} ${hash}`) as Kept | undefined)
    if (known !== undefined && equalValues(known.value, value)) {
      known.users++
      return known
    }
    const kept: Kept = { value, id: ids++, bytes: heldBytes(value) + entryBytes, hash, users: 1 }
    bytes += kept.bytes
    if (hash !== undefined) place.values.set(`${port} ${hash}`, kept)
    return kept
  }

  function makeRoom(): void {
    for (const entry of entries) {
      if (bytes <= limitBytes) return
      entries.delete(entry)
      if (!entry.used) forget(entry)
      else {
        entry.used = false
        entries.add(entry)
      }
    }
  }

  function forget(entry: KeptEntry): void {
    entry.place.entries.delete(entry.key)
    for (const [port, kept] of Object.entries(entry.outputs)) {
      if (--kept.users > 0) continue
      bytes -= kept.bytes
      const name = `${port} ${kept.hash}`
      if (entry.place.values.get(name) === kept) entry.place.values.delete(name)
    }
  }
}

/** Maps, keys and the entry itself. */
const entryBytes = 400
