import { Box, Text } from 'ink'
import type { ReactNode } from 'react'
import { displayWidth, printable } from '../report/printable.ts'
import type { RunState, StepState } from '../report/run-state.ts'
import { Details, detailLines } from './details.tsx'
import { Errors } from './errors.tsx'
import { EventRow, eventRowProps } from './events.tsx'
import { Footer, footerProps } from './footer.tsx'
import { Header, headerProps, totalsText } from './header.tsx'
import { Help } from './help.tsx'
import { laneRowProps, MeterRow, machineText, memoryRowProps } from './lane-row.tsx'
import { chooseSteps, type Frame, frameOf, type StepChoice, stepColumns, windowStart } from './layout.ts'
import { StepRow, stepRowProps, stepTitles } from './step-row.tsx'
import type { View } from './view.ts'

export interface ScreenProps {
  readonly state: RunState
  readonly view: View
  readonly columns: number
  readonly rows: number
  readonly nowMs: number
}

/** The whole frame: a function of the run's state, what the user looks at, the size of the terminal and the time. */
export function Screen(props: ScreenProps) {
  const { state, view, columns, rows, nowMs } = props
  const events = view.panel === 'steps' ? state.recent.length : 0
  const frame = frameOf(rows, state.steps.length, state.lanes.length, events)
  const body = Math.max(0, rows - 1 - linesAround(frame, state, rows))
  return (
    <Box flexDirection="column" width={columns}>
      <Header {...headerProps(state, columns, nowMs)} />
      {frame.totals ? <Line text={totalsText(state, columns)} /> : null}
      {frame.gaps ? <Line text=" " /> : null}
      <Body {...props} frame={frame} rows={body} />
      {frame.gaps ? <Line text=" " /> : null}
      <Machine state={state} columns={columns} frame={frame} />
      {rows >= 5 ? <Footer {...footerProps(view, state.failureCount, columns)} /> : null}
    </Box>
  )
}

/** Lines of everything but the body. */
function linesAround(frame: Frame, state: RunState, rows: number): number {
  const machine = frame.machine === 'lines' ? state.lanes.length + 1 : frame.machine === 'one-line' ? 1 : 0
  return 1 + (rows >= 5 ? 1 : 0) + Number(frame.totals) + machine + (frame.gaps ? 2 : 0)
}

function Body(props: ScreenProps & { readonly frame: Frame }): ReactNode {
  const { state, view, frame, rows, nowMs } = props
  switch (view.panel) {
    case 'help':
      return <Help rows={rows} />
    case 'errors':
      return <Errors state={state} first={view.firstFailure} rows={rows} />
    case 'details': {
      const step = state.steps[view.selectedStep]
      if (step === undefined) return <Line text="No steps yet." />
      if (rows < 8) return <Details state={state} step={step} rows={rows} nowMs={nowMs} />
      const wanted = Math.min(detailLines(state, step, nowMs).length, Math.max(4, Math.floor(rows / 2)))
      const listRows = Math.max(1, Math.min(state.steps.length, rows - wanted - 2))
      const start = windowStart(view.selectedStep, state.steps.length, listRows)
      const shown = state.steps.slice(start, start + listRows)
      return (
        <>
          <StepTable {...props} choice={{ shown, hidden: NONE_HIDDEN }} titles selected={step} />
          <Line text=" " />
          <Details state={state} step={step} rows={rows - listRows - 2} nowMs={nowMs} />
        </>
      )
    }
    case 'steps': {
      const events = frame.eventRows === 0 ? [] : state.recent.slice(-frame.eventRows)
      return (
        <>
          <StepTable
            {...props}
            choice={chooseSteps(state.steps, frame.stepRows)}
            titles={frame.titles}
            selected={undefined}
          />
          {frame.gaps && events.length > 0 ? <Line text=" " /> : null}
          {events.map(happening => (
            <EventRow
              key={`${happening.atMs} ${happening.text}`}
              {...eventRowProps(happening, state.started?.atMs ?? happening.atMs)}
            />
          ))}
        </>
      )
    }
  }
}

function StepTable(
  props: ScreenProps & {
    readonly choice: StepChoice
    readonly titles: boolean
    readonly selected: StepState | undefined
  },
) {
  const { state, columns, nowMs, choice, selected } = props
  const longest = state.steps.reduce((width, step) => Math.max(width, displayWidth(printable(step.id))), 0)
  const width = stepColumns(columns, longest)
  const more = moreText(choice)
  return (
    <>
      {props.titles ? <Line text={stepTitles(width)} dim /> : null}
      {choice.shown.map(step => (
        <StepRow key={step.id} {...stepRowProps(step, width, nowMs, step === selected)} />
      ))}
      {more === '' ? null : <Line text={more} dim />}
    </>
  )
}

function Machine(props: { readonly state: RunState; readonly columns: number; readonly frame: Frame }) {
  const { state, columns, frame } = props
  if (frame.machine === 'none') return null
  if (frame.machine === 'one-line') return <Line text={machineText(state)} />
  return (
    <>
      {state.lanes.map(lane => (
        <MeterRow key={lane.lane} {...laneRowProps(lane, columns)} />
      ))}
      <MeterRow {...memoryRowProps(state, columns)} />
    </>
  )
}

function Line(props: { readonly text: string; readonly dim?: boolean }) {
  return (
    <Text wrap="truncate" dimColor={props.dim === true}>
      {props.text}
    </Text>
  )
}

const NONE_HIDDEN = { failed: 0, running: 0, waiting: 0, done: 0 }

/** `… 7 more: 2 running, 5 done`. */
function moreText(choice: StepChoice): string {
  const parts = Object.entries(choice.hidden).filter(([, count]) => count > 0)
  const total = parts.reduce((sum, [, count]) => sum + count, 0)
  return total === 0 ? '' : `  … ${total} more: ${parts.map(([phase, count]) => `${count} ${phase}`).join(', ')}`
}
