import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Searches of post-processing parameters on stored predictions, as a user would run them: how many configurations in a
 * second, and that no model runs. `plain`: thresholds of score, IoU of masks and size, then the score of Sartorius.
 * `by-class`: one of each for three types of image. `disjoint`: overlaps are removed before the score, so masks change.
 * `coco`: mask AP instead.
 *
 * node test/bench/tune.mjs [--images 200] [--trials 1000] [--forms plain,by-class,disjoint,coco] [--methods random,tpe]
 */
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '200' },
    trials: { type: 'string', default: '1000' },
    forms: { type: 'string', default: 'plain,by-class,disjoint,coco' },
    methods: { type: 'string', default: 'random,tpe' },
  },
})
const at = name => fileURLToPath(new URL(name, import.meta.url))

const types = ['round', 'long', 'star']
const ranges = {
  score: '{ from: 0, to: 0.9, step: 0.02 }',
  iou: '{ from: 0.02, to: 0.8, step: 0.02 }',
  small: '{ from: 0, to: 150, integer: true }',
}

const search = (form, method) => `maskloom: 1
name: tune-${form}-${method}
steps:
  cells: { uses: bench/cells, with: { images: ${values.images} } }
  folds: { uses: splits/folds, matrix: { fold: [0, 1, 2, 3, 4] }, with: { fold: "\${matrix.fold}" }, in: { items: cells.truth } }
  tuned:
    uses: tune/search
    over: [fold]
    with:
      pipeline: ./${form}.yaml
      space: { ${spaceOf(form)} }
      objective: ${form === 'coco' ? 'mask.AP' : 'cells.score'}
      method: ${method}
      trials: ${values.trials}
      held_out: true
    in: { instances: cells.found, truth: cells.truth, ${form === 'by-class' ? 'type: cells.type, ' : ''}folds: folds.valid }
outputs: { chosen: tuned.params, metrics: tuned.metrics, trials: tuned.table }
`

function spaceOf(form) {
  const entries = Object.entries(ranges)
  if (form !== 'by-class') return entries.map(([name, range]) => `${name}: ${range}`).join(', ')
  return entries.map(([name, range]) => `${name}: { ${types.map(type => `${type}: ${range}`).join(', ')} }`).join(', ')
}

const inner = form => `maskloom: 1
name: ${form}
params:
${['score', 'iou', 'small'].map((name, i) => `  ${name}: ${paramOf(form, [0.3, 0.3, 0][i])}`).join('\n')}
inputs:
  instances: { kind: instances, per: item }
  truth: { kind: instances, per: item }
${form === 'by-class' ? '  type: { kind: label, per: item }' : ''}
steps:
  distinct: { uses: masks/nms, with: { score: "\${params.score}", iou: "\${params.iou}" }, in: { instances: instances${groupOf(form)} } }
  large: { uses: masks/drop-small, with: { area_px: "\${params.small}" }, in: { instances: distinct.instances${groupOf(form)} } }
${form === 'disjoint' ? '  disjoint: { uses: masks/overlap-removal, in: { instances: large.instances } }' : ''}
  metric: { uses: ${form === 'coco' ? 'evaluate/coco' : 'evaluate/cells, with: { rule: sartorius, thresholds: numpy-arange }'}, in: { instances: ${form === 'disjoint' ? 'disjoint' : 'large'}.instances, truth: truth } }
outputs: { metrics: metric.metrics }
`

function paramOf(form, value) {
  if (form !== 'by-class') return `{ type: number, default: ${value} }`
  return `{ type: map, items: number, default: { ${types.map(type => `${type}: ${value}`).join(', ')} } }`
}

function groupOf(form) {
  return form === 'by-class' ? ', group: type' : ''
}

const folder = mkdtempSync(join(tmpdir(), 'maskloom-tune-'))
try {
  mkdirSync(join(folder, 'pipelines'))
  writeFileSync(join(folder, 'maskloom.config.yaml'), '')
  console.log(
    `${values.images} images, ${values.trials} configurations and the one as written, ${availableParallelism()} cores`,
  )
  for (const form of values.forms.split(',')) {
    writeFileSync(join(folder, 'pipelines', `${form}.yaml`), inner(form))
    for (const method of values.methods.split(',')) measure(form, method)
  }
} finally {
  rmSync(folder, { recursive: true })
}

function measure(form, method) {
  const name = `tune-${form}-${method}`
  writeFileSync(join(folder, 'pipelines', `${name}.yaml`), search(form, method))
  maskloom(['run', name, 'folds.table', '--out', 'out'])
  const events = maskloom(['run', name, '--out', `out-${name}`])
  const { inferences, status } = events.at(-1)
  const { durationMs } = events.find(event => event.type === 'task.done' && event.step === 'tuned') ?? {}
  const metrics = JSON.parse(readFileSync(join(folder, `out-${name}`, 'metrics.json'), 'utf8'))
  const { search: found, 'search low': low = {}, 'search high': high = {} } = metrics
  const shown = key => `${found[key].toFixed(4)} [${low[key]?.toFixed(4)}, ${high[key]?.toFixed(4)}]`
  // TPE searches again for each of the five folds, on four fifths of the images.
  const evaluations = found.configurations * (method === 'tpe' ? 1 + 5 * 0.8 : 1)
  console.log(
    [
      `${form} ${method}: ${status}, ${inferences} inferences, ${(durationMs / 1000).toFixed(1)} s`,
      `${(evaluations / (durationMs / 1000)).toFixed(0)} configurations of all images per second`,
      `cross-validated ${shown('cross-validated')}, in-sample ${shown('in-sample')}, as written ${shown('as written')}`,
    ].join('; '),
  )
}

function maskloom(args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [at('../../bin.js'), ...args, '--json', '--nodes', at('./tune-nodes.mjs'), '--allow-outside', '--workers', '2'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 },
  )
  if (status !== 0) throw new Error(stderr || stdout.slice(-2000))
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}
