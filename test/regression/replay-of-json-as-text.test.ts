/**
 * Records carry a JSON answer parsed, without its own white space. Compared as text (`compare.payload: text` or `bytes`),
 * `{"label":1}` and `{ "label": 1 }` disagree; a replay compared what the record had, found them equal, and came to other
 * evidence than the live judge. Such pairs are now taken as they were recorded.
 */
import { expect, test } from 'vitest'
import { recompute } from '../../src/replay/recompute.ts'
import { recordedComparison } from '../support/pair-lines.ts'
import { comparePlan, experimentPlan, leg, pairFrame } from '../support/pairs.ts'

test.each(['text', 'bytes'] as const)('JSON that is compared as %s is not compared again from its record', payload => {
  const experiment = experimentPlan({ compare: comparePlan({ payload }) })
  const frame = pairFrame(leg('{"label":1}'), leg('{ "label": 1 }'), { path: '/predict' })
  const { live, pair } = recordedComparison(frame, experiment)
  expect([live.result, pair.result]).toEqual(['disagree', 'disagree'])
  expect(recompute(pair, experiment, () => undefined)).toEqual({ kind: 'kept', reason: 'rewritten' })
})

test('text is, and so is JSON that is compared as JSON', () => {
  const text = experimentPlan({ compare: comparePlan({ payload: 'text' }) })
  const words = recordedComparison(pairFrame(leg('one two'), leg('one three'), { path: '/predict' }), text)
  expect(recompute(words.pair, text, () => undefined)).toMatchObject({ comparison: { result: 'disagree' } })
  const json = experimentPlan({ compare: comparePlan({ payload: 'json' }) })
  const values = recordedComparison(pairFrame(leg('{"a":1}'), leg('{ "a": 1 }'), { path: '/predict' }), json)
  expect(recompute(values.pair, json, () => undefined)).toMatchObject({ comparison: { result: 'agree' } })
})
