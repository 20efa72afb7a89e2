import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** The words that are executed: the program and its arguments, or the shell with one text. */
export function commandWords(run: readonly string[], shell: boolean): readonly string[] {
  if (!shell) return run
  return process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', ...run] : ['/bin/sh', '-c', ...run]
}

/**
 * Everything the program sees of the environment: what is declared, and a minimum without which few programs start.
 * @param env - declared with their values (part of the key); they win.
 * @param passed - names whose values come from the environment of the run (not part of the key).
 */
export function programEnvironment(
  env: { readonly [name: string]: string | number },
  passed: readonly string[],
  scratchFolder: string,
): { readonly [name: string]: string } {
  const inherited = ['PATH', 'HOME', ...(process.platform === 'win32' ? ['SystemRoot', 'PATHEXT', 'USERPROFILE'] : [])]
  const taken = [...inherited, ...passed].flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    // The same text, dates and sort order everywhere.
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: scratchFolder,
    // Byte code beside the sources would change the digest of a folder that is an input.
    PYTHONDONTWRITEBYTECODE: '1',
    ...Object.fromEntries(taken),
    ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
  }
}

/**
 * Why a program cannot be started, or undefined. A name is looked for in PATH, a relative path among what lies in the
 * working folder, an absolute path on the machine.
 * @param present - names of files and linked folders in the working folder.
 */
export function programProblem(
  program: string,
  path: string,
  present: { readonly files: readonly string[]; readonly folders: readonly string[] },
): { readonly message: string; readonly fix: string } | undefined {
  if (isAbsolute(program)) {
    if (isExecutable(program)) return undefined
    return { message: `there is no program ${program} that can be executed`, fix: 'check the path and its permissions' }
  }
  if (program.includes('/')) {
    const name = program.replace(/^(?:\.\/)+/, '')
    if (present.files.includes(name) || present.folders.some(folder => name.startsWith(`${folder}/`))) return undefined
    return {
      message: `\`${program}\` is not in the working folder`,
      fix: `declare it: \`files: { ${name}: <path> }\``,
    }
  }
  const endings = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : ['']
  const found = path
    .split(delimiter)
    .some(folder => folder !== '' && endings.some(ending => isExecutable(join(folder, program + ending))))
  if (found) return undefined
  return {
    message: `there is no program \`${program}\` in PATH`,
    fix: present.files.includes(program) ? `write \`./${program}\`` : 'install it, or give its absolute path',
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
