export type Rgb = readonly [number, number, number]

/** Turn of the hue from one class to the next: neighbours in the list, and any first few, are far apart. */
const GOLDEN_ANGLE = 137.508

/**
 * Colour of class `label`, strong enough to be seen on photographs: hues by the golden angle, lightness in three steps.
 * Oklch to sRGB after Björn Ottosson's definition, clipped to the gamut.
 */
export function classColor(label: number): Rgb {
  const hue = ((label * GOLDEN_ANGLE + 25) * Math.PI) / 180
  const lightness = [0.72, 0.62, 0.8][label % 3]!
  const a = 0.19 * Math.cos(hue)
  const b = 0.19 * Math.sin(hue)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** Black or white, whichever stands out on `color`. */
export function inkOn([red, green, blue]: Rgb): Rgb {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? [0, 0, 0] : [255, 255, 255]
}

function toByte(linear: number): number {
  const share = Math.min(1, Math.max(0, linear))
  const encoded = share <= 0.0031308 ? 12.92 * share : 1.055 * share ** (1 / 2.4) - 0.055
  return Math.round(255 * encoded)
}
