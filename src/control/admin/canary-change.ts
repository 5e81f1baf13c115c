import type { OperatorChange } from '../rollout-driver.ts'
import { readSignature } from './signature.ts'

/** Reads `{percent, actor, reason, ramp?}`. @returns the change, or what is wrong with it. */
export function readCanaryChange(route: string, body: unknown): OperatorChange | string {
  if (typeof body !== 'object' || body === null) return 'send {"percent": 5, "actor": "you", "reason": "why"} as JSON'
  const { percent, ramp } = body as Record<string, unknown>
  if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) return 'percent must be a number from 0 to 100'
  if (ramp !== undefined && ramp !== 'resume') return 'ramp must be "resume", or be left out to keep the percentage'
  const signature = readSignature(body as Record<string, unknown>)
  return typeof signature === 'string' ? signature : { route, percent, resumeRamp: ramp === 'resume', ...signature }
}
