import { comparePair } from '../../src/analysis/compare/compare-pair.ts'
import { bodyOrNull, PairBodies } from '../../src/analysis/pair-bodies.ts'
import type { ExperimentPlan, RecordPlan } from '../../src/config/snapshot.ts'
import { readRecord, type RecordedPair } from '../../src/replay/read-record.ts'
import type { Comparison } from '../../src/sinks/findings.ts'
import { pairRecord } from '../../src/sinks/record.ts'
import type { PairFrame } from '../../src/wire/pair-frame.ts'
import { snapshotOf } from './pairs.ts'

const ALWAYS: RecordPlan = { bodies: 'always', maxBodyBytes: 16 * 1024, redactPaths: [], redactHeaders: [] }

/** A pair as the analysis thread compares it, and as its record says it. */
export interface RecordedComparison {
  readonly live: Comparison
  readonly line: string
  readonly pair: RecordedPair
}

export function recordedComparison(
  frame: PairFrame,
  experiment: ExperimentPlan,
  changes: Partial<RecordPlan> = {},
): RecordedComparison {
  const bodies = new PairBodies(frame)
  const live = comparePair(frame, experiment, bodies, () => undefined)
  const decoded = { request: null, primary: bodyOrNull(bodies.primary()), shadow: bodyOrNull(bodies.shadow()) }
  const snapshot = snapshotOf([experiment], { record: { ...ALWAYS, ...changes } })
  const line = pairRecord({
    isRepeat: false,
    isStochastic: false,
    streams: { primary: null, shadow: null },
    frame,
    snapshot,
    experiment,
    comparison: live,
    decoded,
  }).value
  const record = readRecord(line)
  if (record.kind !== 'pair') throw new Error(`the record was read as ${record.kind}: ${line}`)
  return { live, line, pair: record.pair }
}
