import type { UnitFinished, UnitStarted } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'

/**
 * Which units are being worked on, and for how long slots were busy. A slot may hold several units at once (one's
 * kernels hide behind another's inference); it is busy while it holds any.
 */
export interface UnitsInFlight {
  /** By group and item: an item of a group is in flight once at a time. */
  readonly units: Map<string, UnitStarted>
  readonly slots: Map<string, { units: number; sinceMs: number }>
}

/** A slot was busy all this time. */
export interface BusySpan {
  readonly lane: Lane
  readonly fromMs: number
  readonly toMs: number
}

export function noUnits(): UnitsInFlight {
  return { units: new Map(), slots: new Map() }
}

/**
 * A unit that is already in flight is being tried again after its worker died: it leaves its old slot.
 * @returns whether the unit is new, and the span that ended in its old slot.
 */
export function beginUnit(flight: UnitsInFlight, event: UnitStarted): { isNew: boolean; busy: BusySpan | undefined } {
  const key = unitKey(event)
  const earlier = flight.units.get(key)
  const busy = earlier === undefined ? undefined : leaveSlot(flight, earlier, event.atMs)
  flight.units.set(key, event)
  const slot = flight.slots.get(slotKey(event))
  if (slot === undefined) flight.slots.set(slotKey(event), { units: 1, sinceMs: event.atMs })
  else if (slot.units++ === 0) slot.sinceMs = event.atMs
  return { isNew: earlier === undefined, busy }
}

/** @returns whether the unit was in flight, and the span that ended if its slot is free now. */
export function endUnit(flight: UnitsInFlight, event: UnitFinished): { known: boolean; busy: BusySpan | undefined } {
  const unit = flight.units.get(unitKey(event))
  if (unit === undefined) return { known: false, busy: undefined }
  flight.units.delete(unitKey(event))
  return { known: true, busy: leaveSlot(flight, unit, event.atMs) }
}

/** Spans of slots that are still busy, as if they ended at `nowMs`. */
export function openSpans(flight: UnitsInFlight, nowMs: number): BusySpan[] {
  const lanes = new Map([...flight.units.values()].map(unit => [slotKey(unit), unit.lane]))
  return [...lanes].map(([slot, lane]) => ({ lane, fromMs: flight.slots.get(slot)?.sinceMs ?? nowMs, toMs: nowMs }))
}

function leaveSlot(flight: UnitsInFlight, unit: UnitStarted, atMs: number): BusySpan | undefined {
  const slot = flight.slots.get(slotKey(unit))
  if (slot === undefined || --slot.units > 0) return undefined
  return { lane: unit.lane, fromMs: slot.sinceMs, toMs: atMs }
}

function unitKey(event: UnitStarted | UnitFinished): string {
  return `${event.group} ${event.item ?? ''}`
}

function slotKey(unit: UnitStarted): string {
  return `${unit.lane} ${unit.slot}`
}
