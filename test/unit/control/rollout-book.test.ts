import { describe, expect, test } from 'vitest'
import type { CanaryPlan, Snapshot } from '../../../src/config/snapshot.ts'
import { canaryExperiment, RolloutBook } from '../../../src/control/rollout-book.ts'
import { MemoryDocuments } from '../../../src/judge/documents.ts'
import type { Rollout } from '../../../src/judge/rollout.ts'
import { canaryPlan, routedSnapshot, routePlan, shadowPlan } from '../../support/plans.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const RAMPED = canaryPlan({ ramp: { steps: [5, 25], everyMs: 60_000, when: 'CONTINUE' } })

const withCanary = (canary: CanaryPlan | null): Snapshot =>
  routedSnapshot({ routes: [routePlan({ canary, shadows: [shadowPlan()] }), routePlan({ name: 'plain' })] })

const percentIn = (snapshot: Snapshot): number | undefined => snapshot.routes[0]?.canary?.percent

const inState = (state: Rollout['state']): Rollout => ({ experiment: EXPERIMENT, state, overruled: null })
const ramping = (percent: number, cleanMs: number): Rollout =>
  inState({ kind: 'ramping', percent, progress: { cleanMs, judgedMs: null } })
const STOPPED = inState({ kind: 'stopped', verdictId: EXPERIMENT, reason: 'harm' })
const BY_HAND = inState({ kind: 'manual', percent: 60 })

/** What a process that starts with these documents makes of the file. */
function restarted(documents: MemoryDocuments, canary: CanaryPlan | null = RAMPED) {
  const book = new RolloutBook(documents)
  return { book, ...book.configure(withCanary(canary)) }
}

describe('the rollouts', () => {
  test('of new canaries begin with the configuration; a route without one has none', () => {
    const { book, snapshot, restarts } = restarted(new MemoryDocuments())
    expect(book.get('churn')).toMatchObject({ experiment: EXPERIMENT, state: { kind: 'held', percent: 5 } })
    expect(book.get('plain')).toBeNull()
    expect([percentIn(snapshot), restarts]).toEqual([5, []])
  })

  test.each([
    ['ramping', ramping(25, 30_000), 25],
    ['stopped', STOPPED, 0],
    ['set by hand', BY_HAND, 60],
  ])('go on after a restart and a reload: %s', (_, rollout, percent) => {
    const documents = new MemoryDocuments()
    restarted(documents).book.set('churn', rollout)
    const { book, snapshot } = restarted(documents)
    expect(percentIn(snapshot)).toBe(percent)
    expect(percentIn(book.configure(withCanary({ ...RAMPED, percent: 1 })).snapshot)).toBe(percent)
    expect(percentIn(book.inForce(withCanary(RAMPED)))).toBe(percent)
  })

  test.each([
    ['a ramp', ramping(25, 0), 5],
    ['a stop', STOPPED, 5],
    ['but not a percentage set by hand', BY_HAND, 60],
  ])('are forgotten with the canary: %s', (_, rollout, percent) => {
    const { book } = restarted(new MemoryDocuments())
    book.set('churn', rollout)
    book.configure(withCanary(null))
    expect(percentIn(book.configure(withCanary(RAMPED)).snapshot)).toBe(percent)
  })

  test.each([
    ['set by hand', BY_HAND, ['route churn: the file says 20 percent, the 60 set by hand stays']],
    ['stopped', STOPPED, ['route churn: the file says 20 percent, the 0 set by a ROLLBACK stays']],
    ['on its ramp', ramping(25, 0), []],
    ['the same', inState({ kind: 'manual', percent: 20 }), []],
  ])('tell of a percentage of the file that stays without effect: %s', (_, rollout, lines) => {
    const { book } = restarted(new MemoryDocuments())
    book.set('churn', rollout)
    const loaded = withCanary({ ...RAMPED, percent: 20 })
    book.configure(loaded)
    expect(book.keptAgainst(loaded)).toEqual(lines)
  })

  test('tell of a ramp that a new experiment made begin anew', () => {
    const documents = new MemoryDocuments()
    documents.set('rollouts', { churn: { ...ramping(25, 0), experiment: 'churn.churn-v2.00000000' } })
    const { snapshot, restarts } = restarted(documents)
    const reason = 'a new experiment: the ramp begins anew'
    expect([percentIn(snapshot), restarts]).toEqual([5, [{ route: 'churn', before: 25, after: 5, reason }]])
  })

  test('that cannot be read are left out and named', () => {
    const documents = new MemoryDocuments()
    documents.set('rollouts', { churn: { state: 'up' } })
    const { book, snapshot } = restarted(documents)
    expect([percentIn(snapshot), book.ignored]).toEqual([5, ['the rollout of route churn']])
  })

  test('are written when they change, and the time of a step every ten seconds or when asked', () => {
    const documents = new MemoryDocuments()
    const { book } = restarted(documents)
    const keptMs = () => (documents.get('rollouts') as { churn: ReturnType<typeof ramping> }).churn.state
    book.set('churn', ramping(5, 1_000))
    expect(keptMs()).toMatchObject({ progress: { cleanMs: 1_000 } })
    book.set('churn', ramping(5, 10_999))
    expect(keptMs()).toMatchObject({ progress: { cleanMs: 1_000 } })
    book.save()
    expect(keptMs()).toMatchObject({ progress: { cleanMs: 10_999 } })
    book.set('churn', ramping(5, 20_999))
    expect(keptMs()).toMatchObject({ progress: { cleanMs: 20_999 } })
  })
})

test('the experiment of a canary is the one of its route with its upstream as candidate', () => {
  expect(canaryExperiment(withCanary(RAMPED), 'churn')?.id).toBe(EXPERIMENT)
  expect(canaryExperiment(withCanary(canaryPlan({ upstream: 0 })), 'churn')).toBeNull()
  expect(canaryExperiment(withCanary(null), 'churn')).toBeNull()
  expect(canaryExperiment(withCanary(RAMPED), 'plain')).toBeNull()
})
