import { isRecord } from '../wire/read-window.ts'
import { HOLD_REASONS, type HoldReason, type Progress, type Rollout, type RolloutState } from './rollout.ts'

/**
 * A rollout as a document holds it, read back; null when it is none. The time of a step is counted on from the next look:
 * while the process was down nobody has judged anything.
 */
export function readRollout(value: unknown): Rollout | null {
  if (!isRecord(value)) return null
  const { experiment, overruled } = value
  const state = readState(value['state'])
  if (state === null || !isTextOrNull(experiment) || !isTextOrNull(overruled)) return null
  return { experiment, state, overruled }
}

function readState(value: unknown): RolloutState | null {
  if (!isRecord(value)) return null
  const { kind, percent, verdictId, reason, why } = value
  if (kind === 'stopped') {
    return typeof verdictId === 'string' && typeof reason === 'string' ? { kind, verdictId, reason } : null
  }
  if (kind === 'manual' && percent === null) return { kind, percent }
  if (!isPercent(percent)) return null
  if (kind === 'manual' || kind === 'done') return { kind, percent }
  const progress = readProgress(value['progress'])
  if (progress === null) return null
  if (kind === 'ramping') return { kind, percent, progress }
  return kind === 'held' && isHoldReason(why) ? { kind, percent, progress, why } : null
}

function readProgress(value: unknown): Progress | null {
  if (!isRecord(value)) return null
  const { cleanMs } = value
  return typeof cleanMs === 'number' && cleanMs >= 0 ? { cleanMs, judgedMs: null } : null
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isPercent(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 100
}

function isHoldReason(value: unknown): value is HoldReason {
  return (HOLD_REASONS as readonly unknown[]).includes(value)
}
