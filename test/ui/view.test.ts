import { describe, expect, it } from 'vitest'
import { firstView, type KeyName, press, type View } from '../../engine/ui/view.ts'

const counts = { steps: 12, failures: 30 }

function pressing(...keys: KeyName[]): { view: View; actions: (string | undefined)[] } {
  let view = firstView
  const actions = keys.map(key => {
    const pressed = press(view, key, counts)
    view = pressed.view
    return pressed.action
  })
  return { view, actions }
}

describe('keys', () => {
  it.each([[['q', 'q']], [['ctrl-c', 'ctrl-c']], [['q', 'ctrl-c']], [['ctrl-c', 'q']]] as [KeyName[]][])(
    '%j stops, then aborts',
    keys => {
      expect(pressing(...keys).actions).toEqual(['stop', 'abort'])
    },
  )

  it('other keys never touch the run', () => {
    const keys: KeyName[] = ['d', 'e', '?', 'up', 'down', 'page-up', 'page-down', 'escape']
    expect(pressing(...keys).actions.every(action => action === undefined)).toBe(true)
  })

  it('a letter opens its panel, the same letter or Esc closes it, another one replaces it', () => {
    expect(pressing('d').view.panel).toBe('details')
    expect(pressing('d', 'd').view.panel).toBe('steps')
    expect(pressing('d', 'e').view.panel).toBe('errors')
    expect(pressing('d', '?', 'escape').view.panel).toBe('steps')
  })

  it('arrows choose a step and open its details; they stop at the ends', () => {
    expect(pressing('down', 'down').view).toMatchObject({ panel: 'details', selectedStep: 2 })
    expect(pressing('down', 'up', 'up').view.selectedStep).toBe(0)
    expect(pressing('page-down', 'page-down').view.selectedStep).toBe(11)
  })

  it('in the list of errors they scroll', () => {
    expect(pressing('e', 'page-down', 'up').view).toMatchObject({ panel: 'errors', firstFailure: 9, selectedStep: 0 })
  })

  it('nothing to choose from leaves the choice at 0', () => {
    expect(press(firstView, 'down', { steps: 0, failures: 0 }).view.selectedStep).toBe(0)
  })
})
