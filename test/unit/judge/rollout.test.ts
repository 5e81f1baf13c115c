import { describe, expect, test } from 'vitest'
import type { CanaryPlan, RampPlan } from '../../../src/config/snapshot.ts'
import { VERDICTS } from '../../../src/evidence/verdict.ts'
import {
  begin,
  configured,
  observed,
  setByHand,
  upcomingStep,
  wantedPercent,
  type Rollout,
  type SeenVerdict,
} from '../../../src/judge/rollout.ts'
import { canaryPlan } from '../../support/plans.ts'

const MINUTE = 60_000
const RAMP: RampPlan = { steps: [1, 5, 25, 50], everyMs: 10 * MINUTE, when: 'CONTINUE' }

const ramped = (changes: Partial<RampPlan> = {}, percent = 1): CanaryPlan =>
  canaryPlan({ percent, ramp: { ...RAMP, ...changes } })

/** What is seen at a minute of the experiment `e`, with evidence. */
const at = (minute: number, verdict: SeenVerdict['verdict'] = 'CONTINUE', changes: Partial<SeenVerdict> = {}) => ({
  id: 'e',
  verdict,
  code: verdict === 'ROLLBACK' ? ('harm' as const) : ('open_gates' as const),
  reason: 'as the gates say',
  judgedMs: minute * MINUTE,
  ...changes,
})

/** A look each minute, and the percentage after each. */
function percentsOf(plan: CanaryPlan, looks: readonly SeenVerdict[], start = begin(plan, 'e')) {
  const percents: number[] = []
  let rollout = start
  for (const look of looks) {
    rollout = observed(rollout, plan, look).rollout
    percents.push(wantedPercent(rollout, plan.percent))
  }
  return { rollout, percents, changes: [...new Set(percents)] }
}

const minutes = (from: number, to: number, verdict: SeenVerdict['verdict'] = 'CONTINUE') =>
  Array.from({ length: to - from }, (_, i) => at(from + i, verdict))

describe('a ramp', () => {
  test('starts at the percentage of the file and is held until there is evidence', () => {
    const plan = ramped({}, 5)
    const rollout = begin(plan, 'e')
    expect(rollout.state).toMatchObject({ kind: 'held', percent: 5, why: 'no_evidence' })
    for (const code of ['warm_up', 'no_evidence'] as const) {
      const looks = minutes(0, 60).map(look => ({ ...look, code }))
      const ended = percentsOf(plan, looks)
      expect([ended.changes, ended.rollout.state.kind]).toEqual([[5], 'held'])
    }
  })

  test('takes a step each time it was ten minutes without harm, and says why', () => {
    const plan = ramped()
    const { percents, rollout } = percentsOf(plan, minutes(0, 40))
    expect(percents.map((percent, minute) => [minute, percent]).filter(([, p], i) => p !== percents[i - 1])).toEqual([
      [0, 1],
      [10, 5],
      [20, 25],
      [30, 50],
    ])
    expect(rollout.state).toEqual({ kind: 'done', percent: 50 })
    const due = percentsOf(plan, minutes(0, 10)).rollout
    expect(observed(due, plan, at(10)).reason).toBe('10 min without harm at 1 %, the verdict is CONTINUE')
  })

  test('never goes beyond its last step, and never lowers a percentage', () => {
    expect(percentsOf(ramped(), minutes(0, 1_000, 'PROMOTE')).rollout.state).toEqual({ kind: 'done', percent: 50 })
    expect(begin(ramped({}, 50), 'e').state).toEqual({ kind: 'done', percent: 50 })
    expect(percentsOf(ramped({}, 7), minutes(0, 12)).changes).toEqual([7, 25])
  })

  test('steps from the look that has the time, however the looks are spread', () => {
    const seconds = Array.from({ length: 601 }, (_, i) => at(0, 'CONTINUE', { judgedMs: i * 1_000 }))
    const { percents } = percentsOf(ramped(), seconds)
    expect([percents[599], percents[600]]).toEqual([1, 5])
  })

  test('counts a minute at most of a silence, and nothing before the first look', () => {
    const night = [at(0), at(12 * 60)]
    expect(percentsOf(ramped(), night).rollout.state).toMatchObject({ kind: 'ramping', progress: { cleanMs: MINUTE } })
    const late = percentsOf(ramped(), [at(0), at(5, 'CONTINUE', { judgedMs: -MINUTE })])
    expect(late.rollout.state).toMatchObject({ progress: { cleanMs: 0 } })
  })

  test.each([
    ['INVALID', 'invalid'],
    ['EXPIRED', 'expired'],
  ] as const)('is held by %s: that time does not count, the time before it does', (verdict, why) => {
    const plan = ramped()
    const held = percentsOf(plan, [...minutes(0, 10), ...minutes(10, 100, verdict)])
    expect([held.changes, held.rollout.state]).toEqual([
      [1],
      expect.objectContaining({ kind: 'held', why, progress: { cleanMs: 9 * MINUTE, judgedMs: 99 * MINUTE } }),
    ])
    expect(percentsOf(plan, minutes(100, 102), held.rollout).percents).toEqual([1, 5])
  })

  test('when PROMOTE is held until the candidate is promoted', () => {
    const plan = ramped({ when: 'PROMOTE' })
    const held = percentsOf(plan, minutes(0, 60))
    expect(held.rollout.state).toMatchObject({ kind: 'held', why: 'not_promoted', percent: 1 })
    expect(percentsOf(plan, minutes(60, 71, 'PROMOTE'), held.rollout).changes).toEqual([1, 5])
  })

  test('goes on without evidence when an operator has overridden the verdict', () => {
    const looks = minutes(0, 11).map(look => ({ ...look, id: 'e@now', code: null }))
    expect(percentsOf(ramped(), looks).changes).toEqual([1, 5])
  })

  test('says what it does next', () => {
    const plan = ramped()
    expect(upcomingStep(begin(plan, 'e'), plan)).toBe(5)
    expect(upcomingStep(percentsOf(plan, minutes(0, 100)).rollout, plan)).toBeNull()
    expect(upcomingStep(begin(canaryPlan(), 'e'), canaryPlan())).toBeNull()
  })
})

const STOPPED = { kind: 'stopped', verdictId: 'e', reason: 'ROLLBACK: as the gates say' }

/** A rollout in each state but `stopped`. */
const STATES: readonly (readonly [string, CanaryPlan, Rollout])[] = [
  ['manual', canaryPlan(), begin(canaryPlan(), 'e')],
  ['held', ramped(), begin(ramped(), 'e')],
  ['ramping', ramped(), percentsOf(ramped(), minutes(0, 15)).rollout],
  ['done', ramped(), percentsOf(ramped(), minutes(0, 60)).rollout],
]

describe('a ROLLBACK', () => {
  test.each(STATES)('stops a canary that is %s, at once', (kind, plan, rollout) => {
    expect(rollout.state.kind).toBe(kind)
    const step = observed(rollout, plan, at(100, 'ROLLBACK'))
    expect(step).toEqual({ rollout: { ...rollout, state: STOPPED }, reason: 'ROLLBACK: as the gates say' })
    expect(wantedPercent(step.rollout, 5)).toBe(0)
  })

  test.each(STATES)(
    'leaves one that is %s where it is with on_rollback: none, and carries no step',
    (_, plan, rollout) => {
      const lenient = { ...plan, onRollback: 'none' as const }
      const { rollout: after, changes } = percentsOf(lenient, minutes(100, 200, 'ROLLBACK'), rollout)
      expect(changes).toEqual([wantedPercent(rollout, plan.percent)])
      if (rollout.state.kind === 'ramping') expect(after.state).toMatchObject({ kind: 'held', why: 'rollback' })
    },
  )

  test.each(VERDICTS)('keeps it stopped, also when the verdict is %s by then', verdict => {
    const stopped = observed(begin(ramped(), 'e'), ramped(), at(1, 'ROLLBACK')).rollout
    const after = percentsOf(ramped(), minutes(2, 100, verdict), stopped)
    expect([after.changes, after.rollout]).toEqual([[0], stopped])
  })

  test('does not stop a second time a canary whose operator has gone on after it', () => {
    const stopped = observed(begin(ramped(), 'e'), ramped(), at(1, 'ROLLBACK')).rollout
    const resumed = setByHand(stopped, ramped(), 5, false)
    expect(resumed).toEqual({ experiment: 'e', state: { kind: 'manual', percent: 5 }, overruled: 'e' })
    expect(percentsOf(ramped(), minutes(2, 100, 'ROLLBACK'), resumed).changes).toEqual([5])
  })

  test('of another experiment, and one that an operator declares, stop it again', () => {
    const stopped = observed(begin(ramped(), 'e'), ramped(), at(1, 'ROLLBACK')).rollout
    const resumed = setByHand(stopped, ramped(), 5, false)
    expect(percentsOf(ramped(), [at(2, 'ROLLBACK', { id: 'e@noon' })], resumed).percents).toEqual([0])
    const next = configured(resumed, ramped(), 'f').rollout
    expect(next).toEqual({ experiment: 'f', state: { kind: 'manual', percent: 5 }, overruled: null })
    expect(percentsOf(ramped(), [at(2, 'ROLLBACK', { id: 'f' })], next).percents).toEqual([0])
  })
})

describe('a percentage set by hand', () => {
  test('ends the hold of the ramp over it', () => {
    const byHand = setByHand(percentsOf(ramped(), minutes(0, 15)).rollout, ramped(), 3, false)
    expect(percentsOf(ramped(), minutes(15, 100), byHand).changes).toEqual([3])
  })

  test('with resume is where the ramp goes on, after its whole time', () => {
    const byHand = setByHand(percentsOf(ramped(), minutes(0, 19)).rollout, ramped(), 3, true)
    expect(percentsOf(ramped(), minutes(19, 30), byHand).percents.indexOf(5)).toBe(10)
    expect(setByHand(byHand, ramped(), 60, true).state).toEqual({ kind: 'done', percent: 60 })
  })

  test('with resume after a stop is held by that ROLLBACK until the verdict is overridden', () => {
    const stopped = observed(begin(ramped(), 'e'), ramped(), at(1, 'ROLLBACK')).rollout
    const resumed = percentsOf(ramped(), minutes(2, 60, 'ROLLBACK'), setByHand(stopped, ramped(), 5, true))
    expect([resumed.changes, resumed.rollout.state]).toEqual([[5], expect.objectContaining({ why: 'rollback' })])
    const looks = minutes(60, 71).map(look => ({ ...look, id: 'e@noon', code: null }))
    expect(percentsOf(ramped(), looks, resumed.rollout).changes).toEqual([5, 25])
  })
})

describe('a reload', () => {
  const going = percentsOf(ramped(), minutes(0, 15)).rollout

  test('of the same experiment goes on with the ramp, whatever percentage the file has', () => {
    expect(configured(going, ramped({}, 40), 'e')).toEqual({ rollout: going, reason: null })
  })

  test('with a new experiment begins the ramp anew at the percentage of the file', () => {
    const step = configured(going, ramped({}, 2), 'f')
    expect(step).toEqual({ rollout: begin(ramped({}, 2), 'f'), reason: 'a new experiment: the ramp begins anew' })
  })

  test('without the ramp is back at the percentage of the file', () => {
    const { rollout, reason } = configured(going, canaryPlan({ percent: 2 }), 'e')
    expect([wantedPercent(rollout, 2), rollout.state.kind]).toEqual([2, 'manual'])
    expect(reason).toBe('the ramp was removed from the file')
  })

  test('with a ramp where there was none begins it, unless the percentage was set by hand', () => {
    const without = begin(canaryPlan(), 'e')
    expect(configured(without, ramped(), 'e').rollout).toEqual(begin(ramped(), 'e'))
    const byHand = setByHand(without, canaryPlan(), 7, false)
    expect(configured(byHand, ramped(), 'e').rollout).toEqual(byHand)
  })

  test('with other steps goes on to the next of those, or is done', () => {
    const more = configured(percentsOf(ramped(), minutes(0, 60)).rollout, ramped({ steps: [60, 70] }), 'e').rollout
    expect(percentsOf(ramped({ steps: [60, 70] }), minutes(60, 71), more).changes).toEqual([50, 60])
    expect(configured(going, ramped({ steps: [2] }), 'e').rollout.state).toEqual({ kind: 'done', percent: 5 })
  })

  test('changes nothing of a stop, not even with a new experiment', () => {
    const stopped = observed(going, ramped(), at(20, 'ROLLBACK')).rollout
    for (const experiment of ['e', 'f']) {
      expect(configured(stopped, ramped(), experiment).rollout).toEqual({ ...stopped, experiment })
    }
  })
})
