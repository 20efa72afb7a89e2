import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin.js', import.meta.url))
const nodes = fileURLToPath(new URL('torture-nodes.mjs', import.meta.url))
const preload = new URL('kill-in-commit.mjs', import.meta.url).href

/**
 * One `maskloom run` of a project, from its start to its end or its death.
 * @param kill undefined: it is left alone. `{ kind: 'commit', step, how }`: it kills itself there. `{ kind: 'run' |
 * 'group' | 'worker', afterMs }`: it, with its workers or not, or one of its workers is killed after so long.
 */
export function live(folder, kill, countFile) {
  const preloads = kill?.kind === 'commit' || countFile !== undefined ? ['--import', preload] : []
  const args = [
    ...preloads,
    bin,
    'run',
    './pipeline.yaml',
    '--nodes',
    nodes,
    '--json',
    '--slots',
    '1',
    '--workers',
    '1',
  ]
  const child = spawn(process.execPath, [...args, '--out', 'out'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(kill?.kind === 'commit' ? { TORTURE_STEP: `${kill.step}`, TORTURE_HOW: kill.how } : {}),
      ...(countFile === undefined ? {} : { TORTURE_COUNT: countFile }),
    },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  let hit = 0
  const timer = kill?.afterMs === undefined ? undefined : setTimeout(strike, kill.afterMs)

  function strike() {
    if (kill.kind !== 'worker') {
      hit += signal(kill.kind === 'group' ? -child.pid : child.pid)
      return
    }
    const workers = childrenOf(child.pid)
    if (workers.length > 0) hit += signal(workers[Math.floor(Math.random() * workers.length)])
  }

  return new Promise(resolve => {
    child.on('close', (code, ending) => {
      clearTimeout(timer)
      const kills = kill?.kind === 'commit' ? Number(ending === 'SIGKILL') : hit
      resolve({ code, signal: ending, kills, events: eventsOf(output), errors })
    })
  })
}

/** 1 if there was somebody to kill. */
function signal(pid) {
  try {
    process.kill(pid, 'SIGKILL')
    return 1
  } catch {
    return 0
  }
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/** The last line of a killed run may be cut off. */
function eventsOf(output) {
  return output.split('\n').flatMap(line => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
