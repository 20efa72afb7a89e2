/** What the user chose to look at; changed by keys only. */
export interface View {
  readonly panel: 'steps' | 'details' | 'errors' | 'help'
  /** Index of the step that details are shown of. */
  readonly selectedStep: number
  /** Index of the first failure shown. */
  readonly firstFailure: number
  /** How often stopping was asked for. */
  readonly stops: number
}

export type KeyName = 'q' | 'ctrl-c' | 'd' | 'e' | '?' | 'up' | 'down' | 'page-up' | 'page-down' | 'escape'

export interface Pressed {
  readonly view: View
  /** What the run is asked to do; the screen itself cannot touch it. */
  readonly action: 'stop' | 'abort' | undefined
}

export const firstView: View = { panel: 'steps', selectedStep: 0, firstFailure: 0, stops: 0 }

/** `q` or Ctrl-C drains the run, a second one of either aborts it; the letter of an open panel closes it. */
export function press(
  view: View,
  key: KeyName,
  counts: { readonly steps: number; readonly failures: number },
): Pressed {
  switch (key) {
    case 'q':
    case 'ctrl-c':
      return { view: { ...view, stops: view.stops + 1 }, action: view.stops === 0 ? 'stop' : 'abort' }
    case 'd':
      return looking(view, 'details')
    case 'e':
      return looking(view, 'errors')
    case '?':
      return looking(view, 'help')
    case 'escape':
      return { view: { ...view, panel: 'steps' }, action: undefined }
    case 'up':
      return moved(view, -1, counts)
    case 'down':
      return moved(view, 1, counts)
    case 'page-up':
      return moved(view, -10, counts)
    case 'page-down':
      return moved(view, 10, counts)
  }
}

function looking(view: View, panel: View['panel']): Pressed {
  return { view: { ...view, panel: view.panel === panel ? 'steps' : panel }, action: undefined }
}

function moved(view: View, by: number, counts: { readonly steps: number; readonly failures: number }): Pressed {
  const to = (from: number, count: number) => Math.max(0, Math.min(count - 1, from + by))
  if (view.panel === 'errors') {
    return { view: { ...view, firstFailure: to(view.firstFailure, counts.failures) }, action: undefined }
  }
  const panel = view.panel === 'steps' ? 'details' : view.panel
  return { view: { ...view, panel, selectedStep: to(view.selectedStep, counts.steps) }, action: undefined }
}
