import type { RpnLevel } from '../../nodes/kernels/rpn.ts'
import type { View } from '../../nodes/values/features.ts'
import type { RpnMaps } from '../../nodes/values/rpn.ts'

export const mapsView: View = { frameHw: [64, 128], resizedHw: [32, 64], flip: 'none' }
export const mapsCoder = { deltaWeights: [1, 1, 1, 1], clampLogSize: 4, clamp: 'upper' } as const
const noise = (seed: number) => (i: number) => Math.sin(i * 12.9898 + seed * 78.233) * 3

/** Five levels of noise, the same for the same seed, with one anchor size and three ratios on each. */
export function proposalMaps(seed: number, change: Partial<View> = {}): RpnMaps {
  const levels = [4, 8, 16, 32, 64].map((stridePx): RpnLevel => {
    const gridHw = [Math.ceil(32 / stridePx), Math.ceil(64 / stridePx)] as const
    const cells = gridHw[0] * gridHw[1]
    return {
      stridePx,
      sizesPx: [3 * stridePx],
      ratios: [0.5, 1, 2],
      gridHw,
      objectness: Float32Array.from({ length: 3 * cells }, (_, i) => noise(seed + stridePx)(i)),
      deltas: Float32Array.from({ length: 12 * cells }, (_, i) => 0.05 * noise(seed - stridePx)(i)),
    }
  })
  return { view: { ...mapsView, ...change }, levels, coder: mapsCoder }
}
