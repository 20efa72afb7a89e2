import { writeSync } from 'node:fs'

/** Imported before the program: says at the end how much memory it had at most (KiB) and the time on processors (ms). */
process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  writeSync(2, `\npeak ${maxRSS} cpu ${(userCPUTime + systemCPUTime) / 1000}\n`)
})
