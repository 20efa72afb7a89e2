import { spawnSync } from 'node:child_process'

/**
 * The same work by our kernels and by the reference programs, on the same data in one run: prints their ratios. The
 * reference programs are Python packages; without them this says what to install and ends well.
 */
const python = process.env['PYTHON'] ?? 'python3'
const comparisons = [
  { script: 'compare_masks.py', needs: ['numpy', 'pycocotools'] },
  { script: 'compare_metrics.py', needs: ['numpy', 'pycocotools'] },
  { script: 'compare_fusion.py', needs: ['numpy', 'ensemble_boxes'] },
]

for (const { script, needs } of comparisons) {
  const missing = needs.filter(name => spawnSync(python, ['-c', `import ${name}`]).status !== 0)
  process.stdout.write(`\n== ${script}\n`)
  if (missing.length > 0) {
    process.stdout.write(
      `not compared: ${python} has no ${missing.join(', ')} (pip install ${missing.join(' ').replace('_', '-')}; PYTHON=… names another interpreter)\n`,
    )
    continue
  }
  const { status } = spawnSync(python, [`test/bench/${script}`], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
