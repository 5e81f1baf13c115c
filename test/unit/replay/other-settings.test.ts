import { describe, expect, test } from 'vitest'
import type { ExperimentPlan, RecordPlan } from '../../../src/config/snapshot.ts'
import type { PairFrame } from '../../../src/wire/pair-frame.ts'
import { comparePlan, leg, pairFrame, snapshotOf } from '../../support/pairs.ts'
import { replayed, Recording } from '../../support/recording.ts'
import { quickPlan, START } from '../../support/verdicts.ts'

const RECORDED = quickPlan({ warmUpMs: 0 })
const SECONDS = 30
const ORIGIN = 'host/0a1b2c3d/0'

/** Same route and candidate, other settings, and so another id. */
function other(changes: Partial<ExperimentPlan>): ExperimentPlan {
  return { ...RECORDED, id: 'digits.v2.ffffffff', ...changes }
}

function slowdown(medianRatio: number): ExperimentPlan {
  return other({ gates: { ...RECORDED.gates, slowdown: { medianRatio } } })
}

/** Ten pairs a second: scores one apart, the shadow's latency 1.3 times the primary's. */
function tenPairs(): PairFrame[] {
  return Array.from({ length: 10 }, () =>
    pairFrame(leg('{"score":1}', { latencyUs: 10_000 }), leg('{"score":2}', { latencyUs: 13_000 })),
  )
}

function equalPairs(): PairFrame[] {
  return Array.from({ length: 100 }, () => pairFrame(leg('{"a":1}'), leg('{"a":1}')))
}

function record(bodies: RecordPlan['bodies'], frames = tenPairs): Recording {
  const record: RecordPlan = { bodies, maxBodyBytes: 1024, redactPaths: [], redactHeaders: [] }
  const recording = new Recording(snapshotOf([RECORDED], { record }))
  for (let i = 0; i < SECONDS; i++) {
    recording.pairs(ORIGIN, START + i, frames())
    recording.settle(ORIGIN, START + i)
  }
  return recording
}

const gate = (result: ReturnType<typeof replayed>, id: string) => result.look.gates.find(each => each.id === id)

describe('records judged by other settings', () => {
  test('are the evidence of the other gates', () => {
    const gates = { ...RECORDED.gates, agreement: { min: 0.5 } }
    const result = replayed(record('never').lines, snapshotOf([other({ gates })]))
    expect(result.plan.id).toBe('digits.v2.ffffffff')
    expect(gate(result, 'agreement')).toMatchObject({ margin: 0.5, n: SECONDS * 10, estimate: 0 })
    expect(result.evidence).toMatchObject({ recorded: RECORDED.id, recomputed: 0, kept: { no_bodies: SECONDS * 10 } })
  })

  test('move the pairs that a wider tolerance brings together, and say how many', () => {
    const compare = comparePlan({ tolerance: { absolute: 1, relative: 0 } })
    const result = replayed(record('always').lines, snapshotOf([other({ compare })]))
    expect(gate(result, 'agreement')).toMatchObject({ n: SECONDS * 10, estimate: 1 })
    expect(result.evidence).toMatchObject({ recomputed: SECONDS * 10, changed: { 'disagree → agree': SECONDS * 10 } })
    expect(result.look.coverage).toMatchObject({ agree: SECONDS * 10, disagree: 0, paired: SECONDS * 10 })
  })

  test('move a pair whose answer turns out to be a failure, with its latency and its votes', () => {
    const failed = leg('{"error":"out of memory"}', { latencyUs: 1_000 })
    const failing = [pairFrame(leg('{"outputs":[],"model_name":"m"}'), failed)]
    const plain = { ...RECORDED, compare: comparePlan({ payload: 'json' }) }
    const recording = new Recording(
      snapshotOf([plain], { record: { bodies: 'always', maxBodyBytes: 1024, redactPaths: [], redactHeaders: [] } }),
    )
    recording.pairs(ORIGIN, START, failing)
    recording.settle(ORIGIN, START)
    const gates = { ...RECORDED.gates, slowdown: { medianRatio: 1.1 } }
    const result = replayed(recording.lines, snapshotOf([other({ gates, compare: comparePlan({ payload: 'oip' }) })]))
    expect(result.evidence.changed).toEqual({ 'disagree → shadow_error': 1 })
    expect(gate(result, 'errors')).toMatchObject({ n: 1, estimate: 1 })
    expect(gate(result, 'slowdown')).toMatchObject({ n: 1 })
    expect(result.look.coverage).toMatchObject({ agree: 0, disagree: 0, paired: 1 })
  })

  test('are as slow as the other ratio says, where every pair is recorded', () => {
    const { lines } = record('never')
    const strict = replayed(lines, snapshotOf([slowdown(1.2)]))
    const lenient = replayed(lines, snapshotOf([slowdown(1.4)]))
    expect([gate(strict, 'slowdown')?.state, gate(lenient, 'slowdown')?.state]).toEqual(['harm', 'safe'])
    expect([strict, lenient].map(({ evidence }) => evidence.slowdownLeftOut)).toEqual([0, 0])
  })

  test('have no votes on slowness in the seconds some pairs of which are not recorded, and say how many', () => {
    const { lines } = record('never')
    const lost = lines.findIndex(line => line.includes('understudy.pair/1'))
    const result = replayed(lines.toSpliced(lost, 1), snapshotOf([slowdown(1.2)]))
    expect(gate(result, 'slowdown')).toMatchObject({ n: (SECONDS - 1) * 10 })
    expect(result.evidence).toMatchObject({ slowdownLeftOut: 10, withoutRecord: 1 })
  })
})

describe('records with something missing', () => {
  test('without pairs are judged by their windows, to the last bit', () => {
    const recording = record('always')
    const windows = recording.lines.filter(line => line.includes('understudy.window/1'))
    const { look, evidence } = replayed(windows, snapshotOf([RECORDED]))
    expect(look).toEqual(recording.look(RECORDED.id))
    expect(evidence).toMatchObject({ windows: SECONDS, pairs: 0, withoutRecord: SECONDS * 10 })
  })

  test('in which a window lost pairs that are recorded keep its counts, and say so', () => {
    const lines = record('always').lines.map(line =>
      line.includes('understudy.window/1')
        ? line.replace('"disagree":10', '"disagree":0').replace('"incomparable":0', '"incomparable":10')
        : line,
    )
    const compare = comparePlan({ tolerance: { absolute: 1, relative: 0 } })
    const { look, evidence } = replayed(lines, snapshotOf([other({ compare })]))
    expect(look.coverage).toMatchObject({ agree: 0, disagree: 0, paired: SECONDS * 10 })
    expect(evidence.changesLeftOut).toBe(SECONDS * 10)
  })

  test('with pairs of a second that has no window leave them out, and say so', () => {
    const recording = record('always')
    const first = recording.lines.findIndex(line => line.includes('understudy.window/1'))
    const { look, evidence } = replayed(recording.lines.toSpliced(first, 1), snapshotOf([RECORDED]))
    expect(look.coverage.paired).toBe((SECONDS - 1) * 10)
    expect(evidence).toMatchObject({ withoutWindow: 10, withoutRecord: 0 })
  })

  test('without windows never promote, unless no coverage is asked', () => {
    const gates = { ...RECORDED.gates, errors: { maxIncrease: 0.2 }, latency: null }
    const pairs = record('never', equalPairs).lines.filter(line => line.includes('understudy.pair/1'))
    const asking = replayed(pairs, snapshotOf([other({ gates })]))
    expect(asking.look.decision).toMatchObject({
      verdict: 'CONTINUE',
      code: 'low_coverage',
      reason: expect.stringMatching(
        /^coverage is unknown without window records, at least 98 % asked; otherwise every/,
      ),
    })
    const content = replayed(pairs, snapshotOf([other({ gates, verdict: { ...RECORDED.verdict, coverage: 0 } })]))
    expect(content.look.decision.verdict).toBe('PROMOTE')
  })
})
