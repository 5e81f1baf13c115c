/**
 * Windows of a control are recorded like any others. A replay took it for one more experiment that could be meant, and asked
 * which; asked for the control itself it ended with an error of its own, because nobody judges one.
 */
import { expect, test } from 'vitest'
import { ReplayError } from '../../src/replay/replay.ts'
import { experimentPlan, snapshotOf } from '../support/pairs.ts'
import { replayed } from '../support/recording.ts'
import { START, windowOf } from '../support/verdicts.ts'

const CANDIDATE = experimentPlan({ id: 'digits.v2.00000000' })
const CONTROL = experimentPlan({ id: 'digits.v1b.00000000', role: 'control' })
const SNAPSHOT = snapshotOf([CANDIDATE, CONTROL])
const LINES = [CANDIDATE, CONTROL].map(({ id }) => JSON.stringify(windowOf(START, { agree: 1 }, id)))

test('the candidate is the one that is judged, where the records hold a control as well', () => {
  const { plan, leftovers } = replayed(LINES, SNAPSHOT)
  expect(plan.id).toBe(CANDIDATE.id)
  expect(leftovers.otherExperiments).toEqual({ [CONTROL.id]: 1 })
})

test('a control cannot be judged, and the message says what can', () => {
  expect(() => replayed(LINES, SNAPSHOT, CONTROL.id)).toThrow(ReplayError)
  expect(() => replayed(LINES, SNAPSHOT, CONTROL.id)).toThrow(/it has digits\.v2$/)
})
