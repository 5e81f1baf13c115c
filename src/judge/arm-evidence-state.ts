import { isCount, isRecord, readCounts, sparseCounts } from '../wire/read-window.ts'
import { emptyCounts, type Arms } from '../wire/window.ts'

/** What is chosen before the requests that are judged by it. */
export interface Frozen {
  /** Of the latency grid; null: no gate asks for it. */
  readonly edge: number | null
  /** The primary's shares of failed and of slow requests, 0..1. */
  readonly errorRate: number
  readonly slowRate: number
}

/** Plain data: what a judge that is started again goes on with. */
export interface ArmEvidenceState {
  readonly calibration: Readonly<Record<string, Arms>>
  readonly judged: Readonly<Record<string, Arms>>
  readonly frozen: Frozen | null
}

export const NO_ARMS: ArmEvidenceState = { calibration: {}, judged: {}, frozen: null }

/** Plain JSON, as short as it can be. */
export function writeArmEvidence({ calibration, judged, frozen }: ArmEvidenceState): object {
  return { calibration: write(calibration), judged: write(judged), frozen }
}

/** Absent: none was counted yet. null: this is none. */
export function readArmEvidence(value: unknown): ArmEvidenceState | null {
  if (value === undefined) return NO_ARMS
  if (!isRecord(value)) return null
  const calibration = readCounts(value['calibration'] ?? null)?.arms
  const judged = readCounts(value['judged'] ?? null)?.arms
  const frozen = value['frozen'] ?? null
  if (calibration === undefined || judged === undefined) return null
  if (frozen !== null && !isFrozen(frozen)) return null
  return { calibration, judged, frozen }
}

function write(arms: Readonly<Record<string, Arms>>): object {
  return sparseCounts({ ...emptyCounts(), arms })
}

function isFrozen(value: unknown): value is Frozen {
  if (!isRecord(value)) return false
  const { edge, errorRate, slowRate } = value
  return (edge === null || isCount(edge)) && isShare(errorRate) && isShare(slowRate)
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}
