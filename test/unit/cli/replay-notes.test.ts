import { expect, test } from 'vitest'
import { evidenceNotes } from '../../../src/cli/replay-notes.ts'
import type { Evidence } from '../../../src/replay/experiment-replay.ts'
import { KEPT_REASONS } from '../../../src/replay/recompute.ts'
import { zeroes } from '../../../src/wire/outcomes.ts'
import { experimentPlan } from '../../support/pairs.ts'

const PLAN = experimentPlan()
const NOTHING_LEFT = { lines: 1_320, damaged: 0, otherRecords: 0, otherExperiments: {} }
const EVIDENCE: Evidence = {
  recorded: PLAN.id,
  versions: { primary: PLAN.primary, candidate: PLAN.candidate },
  windows: 120,
  pairs: 1_200,
  duplicates: 0,
  recomputed: 1_200,
  changed: {},
  kept: zeroes(KEPT_REASONS),
  withoutRecord: 0,
  withoutWindow: 0,
  changesLeftOut: 0,
  slowdownLeftOut: 0,
}

test('a replay in which nothing is missing and nothing differs says so', () => {
  expect(evidenceNotes(EVIDENCE, NOTHING_LEFT, PLAN)).toEqual([
    `replayed ${PLAN.id}: 120 windows, 1 200 pair records`,
    '1 200 comparisons recomputed, 1 200 the same',
  ])
})

test('everything that stands between the records and the evidence is said', () => {
  const evidence: Evidence = {
    ...EVIDENCE,
    recorded: 'digits.v2.11111111',
    versions: { primary: PLAN.primary, candidate: { upstream: 'v2', version: null } },
    duplicates: 1,
    recomputed: 200,
    changed: { 'disagree → agree': 30 },
    kept: { ...EVIDENCE.kept, no_bodies: 999, redacted: 1 },
    withoutRecord: 40,
    withoutWindow: 5,
    changesLeftOut: 4,
    slowdownLeftOut: 60,
  }
  const leftovers = { lines: 2_000, damaged: 2, otherRecords: 1, otherExperiments: { 'churn.v2.00000000': 7 } }
  expect(evidenceNotes(evidence, leftovers, PLAN)).toEqual([
    'replayed digits.v2.11111111: 120 windows, 1 200 pair records, 1 duplicate left out',
    `judged by ${PLAN.id}, which has other settings than the recording`,
    'the candidate of the recording is v2 (no version), the routing file has v2 (version 2): this judges v2 (no version)',
    '200 comparisons recomputed, 170 the same, 30 disagree → agree',
    '1 000 taken as recorded: 999 without bodies (see record.bodies), 1 with redacted fields',
    '40 pairs without a record, taken as their windows count',
    '5 pairs left out: their seconds have no window record',
    '4 changes left out: their windows do not count the pairs as recorded',
    '60 votes on slowdown left out: counted by another ratio, their pairs not all recorded',
    '2 of 2 000 lines damaged, left out',
    '1 record of other kinds left out',
    'other experiments in the records: churn.v2.00000000 (7 records)',
  ])
})

test('without windows the coverage is unknown, and that is said', () => {
  expect(evidenceNotes({ ...EVIDENCE, windows: 0 }, NOTHING_LEFT, PLAN)).toContain(
    'no window records: coverage is unknown, what was dropped is not in these records',
  )
})

test('agreement below noise is said to be judged as it was recorded, where comparisons came out different', () => {
  const below = experimentPlan({ gates: { ...PLAN.gates, agreement: { belowNoise: 0.01 } } })
  const note = 'agreement below noise is judged by the comparisons as they were recorded'
  expect(evidenceNotes(EVIDENCE, NOTHING_LEFT, below)).not.toContain(note)
  const changed = { 'disagree → agree': 30 }
  expect(evidenceNotes({ ...EVIDENCE, changed }, NOTHING_LEFT, below)).toContain(note)
  expect(evidenceNotes({ ...EVIDENCE, changed }, NOTHING_LEFT, PLAN)).not.toContain(note)
})
