import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { Loaded } from '../contract/pipeline.ts'
import { type ConfigFile, readConfig } from '../load/config-file.ts'
import { wayOutside } from '../plan/outside.ts'
import { realPath } from './surroundings.ts'

export const configName = 'maskloom.config.yaml'

/**
 * The config of a project; undefined if it has none. The project may be a stranger's: places outside it count only when
 * the user allows them.
 */
export function projectConfig(root: string, allowOutside: boolean): Loaded<ConfigFile | undefined> {
  const path = join(root, configName)
  if (!existsSync(path)) return { ok: true, value: undefined }
  const loaded = readConfig(path, readFileSync(path, 'utf8'))
  if (!loaded.ok || allowOutside) return loaded
  const problems = (['cache', 'out'] as const).flatMap((key): Diagnostic[] => {
    const place = loaded.value[key]
    const outside = place && wayOutside({ root, allowOutside, realPath }, place)
    if (outside === undefined) return []
    return [
      {
        code: 'outside-root',
        message: `\`${key}\` is ${place}, ${outside}`,
        at: loaded.value.locate([key]),
        fix: 'choose a place inside the project, or run with --allow-outside',
      },
    ]
  })
  return problems.length > 0 ? { ok: false, problems } : loaded
}
