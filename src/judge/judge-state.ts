import { FIRST_LOOK, type VerdictMemory } from '../evidence/verdict.ts'
import { INVALID_CODES, type Invalidity } from '../evidence/validity.ts'
import { readArmEvidence, writeArmEvidence, type ArmEvidenceState } from './arm-evidence-state.ts'
import { readFirstToken, writeFirstToken, type FirstTokenState } from './first-token-evidence.ts'
import { isCount, isRecord, readCounts, sparseCounts } from '../wire/read-window.ts'
import type { WindowCounts } from '../wire/window.ts'

/** Everything an experiment's judge knows, but the means of its batches. */
export interface JudgeState {
  readonly judged: WindowCounts
  readonly timed: WindowCounts
  readonly calibration: WindowCounts
  readonly edge: number | null
  readonly firstSecond: number | null
  readonly second: number | null
  /** What the newest look was given: with it the same look comes out again. */
  readonly memory: VerdictMemory
  readonly settingsChanged: boolean
  readonly arms: ArmEvidenceState
  /** null: no gate asks for it. */
  readonly firstToken: FirstTokenState | null
}

/** Plain JSON, as short as it can be: it is written once a second. */
export function writeJudgeState({ judged, timed, calibration, arms, firstToken, ...rest }: JudgeState): object {
  return {
    arms: writeArmEvidence(arms),
    firstToken: writeFirstToken(firstToken),
    judged: sparseCounts(judged),
    timed: sparseCounts(timed),
    calibration: sparseCounts(calibration),
    ...rest,
  }
}

/** null: this is none. */
export function readJudgeState(value: unknown): JudgeState | null {
  if (!isRecord(value)) return null
  const judged = readCounts(value['judged'])
  const timed = readCounts(value['timed'])
  const calibration = readCounts(value['calibration'])
  const memory = readMemory(value['memory'])
  const arms = readArmEvidence(value['arms'])
  const firstToken = readFirstToken(value['firstToken'])
  const { edge, firstSecond, second, settingsChanged } = value
  if (judged === null || timed === null || calibration === null || memory === null || arms === null) return null
  if (firstToken === undefined) return null
  if (!isCountOrNull(edge) || !isCountOrNull(firstSecond) || !isCountOrNull(second)) return null
  return {
    judged,
    timed,
    calibration,
    edge,
    firstSecond,
    second,
    memory,
    settingsChanged: settingsChanged === true,
    arms,
    firstToken,
  }
}

function readMemory(value: unknown): VerdictMemory | null {
  if (!isRecord(value)) return null
  const { invalid, rolledBackBy, isPromoted } = { ...FIRST_LOOK, ...value }
  if (invalid !== null && !isInvalidity(invalid)) return null
  if (rolledBackBy !== null && typeof rolledBackBy !== 'string') return null
  if (typeof isPromoted !== 'boolean') return null
  return { ...value, invalid, rolledBackBy, isPromoted }
}

function isInvalidity(value: unknown): value is Invalidity {
  return isRecord(value) && INVALID_CODES.some(code => code === value['code']) && typeof value['reason'] === 'string'
}

function isCountOrNull(value: unknown): value is number | null {
  return value === null || isCount(value)
}
