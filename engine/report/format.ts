import prettyBytes from 'pretty-bytes'
import prettyMilliseconds from 'pretty-ms'

/** `340ms`, `12.3s`, `2m 13s`, `5h 20m`: at most two units, so that it never outgrows its column. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '?'
  if (Math.abs(ms) < 60_000) return prettyMilliseconds(ms)
  return prettyMilliseconds(Math.round(ms / 1000) * 1000, { unitCount: 2, secondsDecimalDigits: 0 })
}

/** The same in whole seconds, for numbers that are redrawn all the time. */
export function formatClock(ms: number): string {
  const wholeMs = Math.max(0, Math.round(ms / 1000) * 1000)
  return wholeMs === 0 ? '0s' : prettyMilliseconds(wholeMs, { unitCount: 2, secondsDecimalDigits: 0 })
}

/** Binary units, as `--memory` takes them: `2.1 GiB`. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true })
}

/** `12,345`, in every locale. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Tasks per second; slow ones per minute or per hour, so that two digits always say something. */
export function formatRate(perSecond: number): string {
  if (perSecond <= 0) return ''
  if (perSecond >= 100) return `${formatCount(perSecond)}/s`
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`
  if (perSecond * 60 >= 1) return `${(perSecond * 60).toFixed(1)}/min`
  return `${(perSecond * 3600).toFixed(1)}/h`
}

/** `0.871` is `87%`; only a whole is `100%`, only nothing is `0%`. */
export function formatShare(share: number): string {
  const percent = Math.min(1, Math.max(0, share)) * 100
  if (percent > 0 && percent < 1) return '1%'
  if (percent < 100 && percent > 99) return '99%'
  return `${Math.round(percent)}%`
}

/** `1 file`, `3 files`. */
export function counted(count: number, singular: string, plural: string = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}
