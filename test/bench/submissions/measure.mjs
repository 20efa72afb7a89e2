import { writeSync } from 'node:fs'

/** Imported before the program: says at the end how much memory it had at most and its time on processors. */
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  writeSync(
    2,
    `\n${JSON.stringify({ peakMiB: Math.round(maxRSS / 1024), cpuMs: (userCPUTime + systemCPUTime) / 1000 })}\n`,
  )
})
