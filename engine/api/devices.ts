import { type Diagnostic, diagnosticOf } from '../base/diagnostic.ts'
import type { Pipeline } from './load.ts'

/** Devices of inference: those asked for, or the config's. */
export function devicesOf({ config, options }: Pipeline): readonly [string, ...string[]] {
  const [first = 'cpu', ...others] = (options.device?.split(',') ?? config?.devices ?? []).map(name => name.trim())
  return [first, ...others]
}

/**
 * What is wrong with them: one that a runtime does not know, named twice, or of another class than the others. The class
 * is part of the keys of what inference makes, so a run has one.
 */
export function deviceProblems(pipeline: Pipeline): readonly Diagnostic[] {
  const devices = devicesOf(pipeline)
  const at = pipeline.options.device === undefined ? pipeline.config?.locate(['device']) : undefined
  const place = at === undefined ? {} : { at }
  const runtimes = [...pipeline.registry.runtimes.values()]
  const classes = new Set<string>()
  const unknown = devices.flatMap((device): readonly Diagnostic[] => {
    try {
      classes.add(runtimes.map(classOf => classOf(device)).join())
      return []
    } catch (error) {
      const problem = diagnosticOf(error)
      if (problem === undefined) throw error
      return [{ ...problem, ...place }]
    }
  })
  if (unknown.length > 0) return unknown
  const twice = devices.find((device, i) => devices.indexOf(device) < i)
  if (twice !== undefined) {
    const fix = 'name it once; --slots says how many workers a device gets'
    return [{ code: 'bad-device', message: `the device ${twice} is named twice`, fix, ...place }]
  }
  if (classes.size === 1) return []
  const message = `devices of different classes: ${devices.join(', ')}; results of one are not those of another`
  return [{ code: 'bad-device', message, fix: 'name devices of one class, such as cuda:0,cuda:1', ...place }]
}
