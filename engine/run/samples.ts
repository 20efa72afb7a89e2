import type { Lane } from '../contract/node.ts'
import type { Executor } from './executor.ts'
import type { Narrator } from './narrate.ts'
import { proportionalBytes } from './resident.ts'

const everyMs = 500
const probeMs = 50

/** Reports lanes and memory twice a second: busy share from probes in between, not from one look. Returns how to stop. */
export function startSampling(
  executor: Executor,
  narrator: Narrator,
  memoryBudgetBytes: number,
  queued: (lane: Lane) => number,
): () => void {
  const busy = new Map<Lane, number>(executor.lanes.map(({ lane }) => [lane, 0]))
  let probes = 0
  const probe = setInterval(() => {
    probes++
    for (const { lane } of executor.lanes) busy.set(lane, busy.get(lane)! + executor.running(lane))
    if (probes * probeMs >= everyMs) report()
  }, probeMs)
  probe.unref()

  function report(): void {
    for (const { lane, width } of executor.lanes) {
      const busyShare = busy.get(lane)! / (probes * width)
      narrator.emit({
        type: 'lane.sample',
        lane,
        width,
        running: executor.running(lane),
        queued: queued(lane),
        busyShare,
      })
      busy.set(lane, 0)
    }
    probes = 0
    const residentBytes = proportionalBytes(executor.processIds())
    narrator.emit({ type: 'memory.sample', residentBytes, budgetBytes: memoryBudgetBytes })
  }

  return () => clearInterval(probe)
}
