import type { VerdictView } from '../control/admin/verdict-view.ts'
import { isRecord } from '../wire/read-window.ts'
import { VERDICT_EXIT_CODES } from './verdict-output.ts'

/**
 * The verdict in an answer; null: it is something else. A wrong address may answer with any JSON, and a pipeline promotes
 * on exit code 0: only what names a verdict of ours may become an exit code, and only what has all that is printed is.
 */
export function readVerdictAnswer(text: string): VerdictView | null {
  try {
    const value: unknown = JSON.parse(text)
    return isVerdict(value) ? value : null
  } catch {
    return null
  }
}

function isVerdict(value: unknown): value is VerdictView {
  if (!isRecord(value)) return false
  const { experiment, verdict, reason, override, gates, coverage } = value
  if (typeof experiment !== 'string' || typeof verdict !== 'string' || typeof reason !== 'string') return false
  if (override !== null && !isRecord(override)) return false
  if (!isRecord(coverage) || !isRecord(coverage['lost']) || !Array.isArray(coverage['bounds'])) return false
  if (!isParty(value['primary']) || !isParty(value['candidate'])) return false
  return Object.hasOwn(VERDICT_EXIT_CODES, verdict) && Array.isArray(gates) && gates.every(isGate)
}

function isParty(value: unknown): boolean {
  return value === null || isRecord(value)
}

function isGate(value: unknown): boolean {
  if (!isRecord(value)) return false
  return Array.isArray(value['interval']) && isRecord(value['logE']) && isRecord(value['threshold'])
}
