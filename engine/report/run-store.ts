import type { Emit, RunEvent } from '../contract/event.ts'
import { applyEvent } from './apply-event.ts'
import { emptyRunState, type RunState } from './run-state.ts'

/** The one place events go to: folds them and passes them on. */
export interface RunStore {
  readonly state: RunState
  readonly emit: Emit
  /** Called after each event, in order of subscription; returns the way to stop. */
  readonly subscribe: (listener: RunListener) => () => void
}

export type RunListener = (event: RunEvent, state: RunState) => void

/**
 * @param onBroken - told once about a listener that threw; it is not called again, and the run goes on (a closed pipe
 * must not end an overnight run).
 */
export function createRunStore(onBroken: (error: unknown) => void = () => {}): RunStore {
  const state = emptyRunState()
  const listeners = new Set<RunListener>()
  return {
    state,
    emit: event => {
      applyEvent(state, event)
      for (const listener of listeners) {
        try {
          listener(event, state)
        } catch (error) {
          listeners.delete(listener)
          onBroken(error)
        }
      }
    },
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
