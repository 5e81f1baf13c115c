import type { CanaryChange } from '../reload.ts'

/** Reads `{percent, actor, reason}`. @returns the change, or what is wrong with it. */
export function readCanaryChange(route: string, body: unknown): CanaryChange | string {
  if (typeof body !== 'object' || body === null) return 'send {"percent": 5, "actor": "you", "reason": "why"} as JSON'
  const { percent, actor, reason } = body as Record<string, unknown>
  if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) return 'percent must be a number from 0 to 100'
  if (typeof actor !== 'string' || actor === '') return 'actor must say who makes the change'
  if (typeof reason !== 'string' || reason === '') return 'reason must say why'
  return { route, percent, actor, reason }
}
