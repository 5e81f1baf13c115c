/**
 * A unit that was seen in the warm-up votes once more after it, because the warm-up is not judged. A process that was started
 * again, and an analysis thread that was, took its own first minute for the warm-up: the judge went on with what it had, and
 * each unit and sticky key had two more votes instead of one. So it was too where the first unit came long after the first
 * request: the votes' warm-up ended after the judge's, and units voted before and after.
 */
import { expect, test } from 'vitest'
import { Votes } from '../../src/analysis/votes.ts'
import { Judge } from '../../src/judge/judge.ts'
import { experimentPlan } from '../support/pairs.ts'
import { windowOf } from '../support/verdicts.ts'

const SECOND = 1_700_000_000
const PLAIN = experimentPlan()
const PLAN = experimentPlan({ verdict: { ...PLAIN.verdict, warmUpMs: 60_000 } })

const repeats = (votes: Votes, seconds: readonly number[]): boolean[] =>
  seconds.map(second => votes.isRepeatedPair(PLAN, 'ada', second))

test('after a restart a unit votes once, also in its first minute', () => {
  const judge = new Judge()
  judge.apply([PLAN])
  judge.add(windowOf(SECOND, { agree: 1 }, PLAN.id))
  judge.settle(SECOND + 1)
  const restored = new Judge()
  const kept = judge.kept(PLAN.id)
  if (kept !== null) restored.restore(PLAN, kept, [])
  expect(restored.firstSeconds()).toEqual({ [PLAN.id]: SECOND })
  const votes = new Votes(restored.firstSeconds())
  expect(repeats(votes, [SECOND + 1_000, SECOND + 1_001, SECOND + 1_061])).toEqual([false, true, true])
})

test('the warm-up of votes begins with the first counts, not with the first unit', () => {
  const votes = new Votes()
  votes.counted(PLAN.id, SECOND)
  expect(repeats(votes, [SECOND + 50, SECOND + 70, SECOND + 115])).toEqual([false, false, true])
})

test('an experiment that comes back has no second warm-up', () => {
  const votes = new Votes()
  expect(repeats(votes, [SECOND, SECOND + 60])).toEqual([false, false])
  votes.delete(PLAN.id)
  expect(repeats(votes, [SECOND + 600, SECOND + 661])).toEqual([false, true])
})

test('a late request of the warm-up takes no vote that is judged', () => {
  const votes = new Votes()
  expect(repeats(votes, [SECOND, SECOND + 60, SECOND + 59, SECOND + 61])).toEqual([false, false, true, true])
  expect(votes.isRepeatedPair(PLAN, 'bob', SECOND + 59)).toBe(false)
  expect(votes.isRepeatedPair(PLAN, 'bob', SECOND + 61)).toBe(false)
})
