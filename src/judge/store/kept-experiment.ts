import type { ExperimentPlan } from '../../config/snapshot.ts'
import { isCount, isRecord, readCounts, sparseCounts } from '../../wire/read-window.ts'
import type { GateMeans } from '../batch-means.ts'
import type { KeptJudge } from '../judge.ts'
import { readJudgeState, writeJudgeState, type JudgeState } from '../judge-state.ts'
import type { LedgerEntry } from '../ledger.ts'
import { numbersChecksum } from './checked-text.ts'

/** All that is kept of an experiment, but its windows. */
export interface KeptExperiment {
  readonly plan: ExperimentPlan
  readonly ledger: Readonly<LedgerEntry>
  readonly judge: KeptJudge
}

/** An experiment's state as it is read: the means are in a table of their own. */
export interface ReadState {
  readonly ledger: LedgerEntry
  readonly judge: JudgeState
  readonly judgedThrough: number
  readonly means: Readonly<Record<string, { readonly ever: number; readonly checksum: number }>>
}

/** Plain JSON, as short as it can be. */
export function writeState({ ledger, judge }: KeptExperiment): object {
  const { counts, lastSecond, forgottenSecond, ...numbers } = ledger
  return {
    ledger: {
      ...numbers,
      counts: sparseCounts(counts),
      origins: Object.fromEntries(lastSecond),
      forgottenSecond: Number.isFinite(forgottenSecond) ? forgottenSecond : null,
    },
    judge: writeJudgeState(judge.state),
    judgedThrough: judge.judgedThrough,
    means: Object.fromEntries(Object.entries(judge.means).map(([gate, means]) => [gate, summaryOf(means)])),
  }
}

/** null: this is no state of an experiment. */
export function readState(value: unknown): ReadState | null {
  if (!isRecord(value)) return null
  const ledger = readLedger(value['ledger'])
  const judge = readJudgeState(value['judge'])
  const means = readMeans(value['means'])
  const judgedThrough = value['judgedThrough']
  if (ledger === null || judge === null || means === null || !isCount(judgedThrough)) return null
  return { ledger, judge, judgedThrough, means }
}

/** As far as it can be told without its every field. */
export function isPlan(value: unknown, id: string): value is ExperimentPlan {
  if (!isRecord(value) || value['id'] !== id) return false
  return ['primary', 'candidate', 'gates', 'verdict'].every(key => isRecord(value[key]))
}

function summaryOf({ newest, ever }: GateMeans): object {
  return { ever, checksum: numbersChecksum(newest) }
}

function readLedger(value: unknown): LedgerEntry | null {
  if (!isRecord(value)) return null
  const { sealed, newestSecond, origins, forgottenSecond } = value
  const counts = readCounts(value['counts'])
  if (counts === null || !isCount(sealed) || !isCount(newestSecond) || !isRecord(origins)) return null
  const seconds = Object.entries(origins)
  if (!seconds.every((entry): entry is [string, number] => isCount(entry[1]))) return null
  if (forgottenSecond !== null && !isCount(forgottenSecond)) return null
  const lastSecond = new Map(seconds)
  return { counts, sealed, newestSecond, lastSecond, forgottenSecond: forgottenSecond ?? Number.NEGATIVE_INFINITY }
}

function readMeans(value: unknown): ReadState['means'] | null {
  if (!isRecord(value)) return null
  const means: Record<string, { ever: number; checksum: number }> = {}
  for (const [gate, given] of Object.entries(value)) {
    if (!isRecord(given) || !isCount(given['ever']) || !isCount(given['checksum'])) return null
    means[gate] = { ever: given['ever'], checksum: given['checksum'] }
  }
  return means
}
