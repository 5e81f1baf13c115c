import type { Exchange } from '../exchange.ts'
import type { ShadowRuntime } from '../runtime.ts'
import type { CeilingReason } from './ceilings.ts'

/**
 * Counts a copy, with a body of so many bytes, against the ceilings of its shadow. Last of all checks: what is counted goes.
 * @returns the ceiling that stands in its way; null: none.
 */
export function takeCopy(
  { plane, routeName }: Exchange,
  { ceilings, upstream }: ShadowRuntime,
  bytes: number,
  nowMs: number,
): CeilingReason | null {
  if (ceilings === null) return null
  const nowUs = plane.clock.toUs(nowMs)
  const reason = ceilings.take(bytes, nowUs)
  if (reason === 'daily_ceiling' && ceilings.isNews(nowUs)) {
    const shadow = upstream.plan.name
    const message = 'the shadow has had its copies of this day (ceilings), no more are sent before midnight UTC'
    plane.log.write('warn', `${routeName}/${shadow}/${reason}`, message, { route: routeName, shadow })
  }
  return reason
}
