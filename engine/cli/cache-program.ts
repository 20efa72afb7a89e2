import type { Command } from 'commander'
import { addCacheOptions, type CacheOptions, cacheSizeOption } from './options.ts'

type Act = (command: () => Promise<number>, options: CacheOptions) => Promise<void>

/** `maskloom cache …` */
export function addCacheCommands(program: Command, act: Act): void {
  const cache = program.command('cache').description('look after the cache')
  const add = (name: string, description: string) => addCacheOptions(cache.command(name).description(description))

  add('stats', 'how much is in it').action(async (options: CacheOptions) =>
    act(async () => (await import('./commands/cache.ts')).cacheStatsCommand(options), options),
  )
  add('ls', 'what takes the space: nodes with their parameters, largest first')
    .option('--all', 'all of them, not only the 30 largest')
    .action(async (options: CacheOptions & { all?: true }) =>
      act(async () => (await import('./commands/cache-ls.ts')).cacheLsCommand(options), options),
    )
  add('gc', 'drop what is cheapest to make again, until the cache is under its budget')
    .addOption(cacheSizeOption())
    .action(async (options: CacheOptions & { cacheSize?: number }) =>
      act(async () => (await import('./commands/cache-gc.ts')).cacheGcCommand(options), options),
    )
  add('verify', 'read everything and drop what is damaged; exit code 1 if something was').action(
    async (options: CacheOptions) =>
      act(async () => (await import('./commands/cache-verify.ts')).cacheVerifyCommand(options), options),
  )
  add('export', 'copy what a run made or used into a folder, to be imported elsewhere')
    .argument('<run>', 'a run id, or `last`')
    .option('--to <folder>', 'where to (default: maskloom-<run> here)')
    .action(async (run: string, options: CacheOptions & { to?: string }) =>
      act(async () => (await import('./commands/cache-transfer.ts')).cacheExportCommand(run, options), options),
    )
  add('import', 'take in what was exported elsewhere')
    .argument('<folders...>', 'folders that `cache export` made')
    .action(async (folders: string[], options: CacheOptions) =>
      act(async () => (await import('./commands/cache-transfer.ts')).cacheImportCommand(folders, options), options),
    )
}
