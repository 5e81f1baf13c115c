import type { TolerancePlan } from '../../config/snapshot.ts'

/** |shadow - primary| <= absolute + relative * |primary|; NaN equals NaN, -0 equals 0, an infinity only itself. */
export function closeEnough(primary: number, shadow: number, tolerance: TolerancePlan): boolean {
  if (primary === shadow) return true
  if (Number.isNaN(primary)) return Number.isNaN(shadow)
  if (!Number.isFinite(primary) || !Number.isFinite(shadow)) return false
  return Math.abs(shadow - primary) <= tolerance.absolute + tolerance.relative * Math.abs(primary)
}

/** Integers beyond 2^53 are identifiers or counters: two of them are the same or not, whatever the tolerance. */
export function sameNumber(primary: number | bigint, shadow: number | bigint, tolerance: TolerancePlan): boolean {
  if (typeof primary === 'bigint' && typeof shadow === 'bigint') return primary === shadow
  return closeEnough(Number(primary), Number(shadow), tolerance)
}
