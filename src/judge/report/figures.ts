import type { GatePoint } from '../look-history.ts'
import { percent, points, times } from '../../evidence/words.ts'

/** Stands where there is nothing to say. */
export const NOTHING = '—'

/** A figure of a gate in the unit of its margin, in words. */
export function gateFigure(gate: string, value: number | null): string {
  if (value === null) return NOTHING
  switch (gate) {
    case 'agreement':
    case 'slowdown':
      return percent(value)
    case 'canary_errors':
    case 'canary_latency':
      return times(value)
    case 'score':
      return String(Number(value.toPrecision(3)))
    default:
      return points(value)
  }
}

export function gateInterval({ id, lower, upper }: Pick<GatePoint, 'id' | 'lower' | 'upper'>): string {
  return `${gateFigure(id, lower)} to ${upper === null ? 'no bound' : gateFigure(id, upper)}`
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
