import { describe, expect, test } from 'vitest'
import type { RecordPlan } from '../../../src/config/snapshot.ts'
import { recompute } from '../../../src/replay/recompute.ts'
import type { FrameLeg } from '../../../src/wire/pair-frame.ts'
import { recordedComparison } from '../../support/pair-lines.ts'
import { comparePlan, experimentPlan, leg, pairFrame } from '../../support/pairs.ts'

const PLAN = experimentPlan({ compare: comparePlan({ payload: 'json' }) })

function recomputed(primary: FrameLeg, shadow: FrameLeg, record: Partial<RecordPlan> = {}, plan = PLAN) {
  const { pair } = recordedComparison(pairFrame(primary, shadow), PLAN, record)
  return recompute(pair, plan, () => undefined)
}

describe('a recorded comparison', () => {
  test('is made anew by other settings where both answers are in the record', () => {
    const tolerant = experimentPlan({
      compare: comparePlan({ payload: 'json', tolerance: { absolute: 1, relative: 0 } }),
    })
    const [primary, shadow] = [leg('{"score":1}'), leg('{"score":1.5}')]
    expect(recomputed(primary, shadow)).toMatchObject({ comparison: { result: 'disagree' } })
    expect(recomputed(primary, shadow, {}, tolerant)).toMatchObject({ comparison: { result: 'agree' } })
  })

  test('does not take answers for equal bytes that differed in white space', () => {
    const regression = experimentPlan({ compare: comparePlan({ payload: 'json', task: 'regression' }) })
    const [primary, shadow] = [leg('{"text":"a"}'), leg('{ "text": "a" }')]
    expect(recomputed(primary, shadow, {}, regression)).toMatchObject({
      comparison: { result: 'incomparable', reason: 'wrong_task' },
    })
  })

  test('of answers that are neither JSON nor text is made from their base64', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe])
    expect(recomputed(leg(bytes), leg(bytes))).toMatchObject({ comparison: { result: 'agree', task: 'bytes' } })
  })

  test.each<[string, string, FrameLeg, FrameLeg, Partial<RecordPlan>]>([
    ['the record has no bodies', 'no_bodies', leg('{"a":1}'), leg('{"a":2}'), { bodies: 'never' }],
    ['equal answers were not kept', 'equal_bytes', leg('{"a":1}'), leg('{"a":1}'), { bodies: 'on-disagreement' }],
    [
      'a leg failed',
      'failed_leg',
      leg('{"a":1}'),
      leg('', { status: 0, error: 'UPSTREAM_RESET' }),
      { bodies: 'never' },
    ],
    ['an answer is cut', 'cut', leg('{"a":1}'), leg('{"a":"long"}'), { maxBodyBytes: 8 }],
    ['an answer is withheld', 'withheld', leg('{"a":1}'), leg('text'), { redactPaths: [['b']] }],
    ['a field is redacted', 'redacted', leg('{"a":1}'), leg('{"a":{"b":2}}'), { redactPaths: [['a', 'b']] }],
    ['integers are rounded', 'rounded', leg('{"a":9007199254740993}'), leg('{"a":9007199254740992}'), {}],
    ['the answer was never captured', 'not_compared', leg('{"a":1}'), leg('', { capture: 'let_go' }), {}],
  ])('is taken as it is where %s', (_why, reason, primary, shadow, record) => {
    expect(recomputed(primary, shadow, record)).toEqual({ kind: 'kept', reason })
  })
})
