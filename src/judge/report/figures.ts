import type { GatesPlan } from '../../config/snapshot.ts'
import type { GatePoint } from '../look-history.ts'
import { percent, points, times } from '../../evidence/words.ts'

/** Stands where there is nothing to say. */
export const NOTHING = '—'

/** Of a gate's margin, and so of all its figures: a share, a difference of two shares, a ratio, or a plain number. */
export type GateUnit = 'share' | 'points' | 'ratio' | 'number'

/** Agreement below the noise is a difference of two shares, not a share. */
export function gateUnit(gate: string, { agreement }: Pick<GatesPlan, 'agreement'>): GateUnit {
  switch (gate) {
    case 'agreement':
      return agreement !== null && 'belowNoise' in agreement ? 'points' : 'share'
    case 'slowdown':
      return 'share'
    case 'canary_errors':
    case 'canary_latency':
      return 'ratio'
    case 'score':
      return 'number'
    default:
      return 'points'
  }
}

/** A figure of a gate in words. */
export function gateFigure(unit: GateUnit, value: number | null): string {
  if (value === null) return NOTHING
  switch (unit) {
    case 'share':
      return percent(value)
    case 'points':
      return points(value)
    case 'ratio':
      return times(value)
    case 'number':
      return numberFigure(value)
  }
}

export function gateInterval(unit: GateUnit, { lower, upper }: Pick<GatePoint, 'lower' | 'upper'>): string {
  return `${gateFigure(unit, lower)} to ${upper === null ? 'no bound' : gateFigure(unit, upper)}`
}

/** To three digits. */
export function numberFigure(value: number): string {
  return digits(value)
}

/** Microseconds as `3.2 ms` or `1.25 s`, to three digits. */
export function latencyFigure(us: number): string {
  return us < 1e6 ? `${digits(us / 1e3)} ms` : `${digits(us / 1e6)} s`
}

/** `part` of `whole` as a percentage. */
export function shareFigure(part: number, whole: number): string {
  return whole === 0 ? NOTHING : percent(part / whole)
}

/** Seconds since the epoch as `2026-01-01 12:00:05` in UTC. */
export function momentFigure(second: number): string {
  return new Date(second * 1e3).toISOString().slice(0, 19).replace('T', ' ')
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
