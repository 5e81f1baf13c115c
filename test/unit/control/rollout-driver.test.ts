import { describe, expect, test } from 'vitest'
import { MemoryAuditLog } from '../../../src/control/audit.ts'
import { openLog } from '../../../src/control/log.ts'
import { Reloader } from '../../../src/control/reload.ts'
import { RolloutDriver } from '../../../src/control/rollout-driver.ts'
import { ControlState, type Kept } from '../../../src/control/state.ts'
import type { Supervisor } from '../../../src/control/supervisor.ts'
import { MemoryDocuments } from '../../../src/judge/documents.ts'
import { canaryPlan, routedSnapshot, routePlan, shadowPlan } from '../../support/plans.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const CANARY = canaryPlan({ percent: 30 })
const SNAPSHOT = routedSnapshot({
  routes: [routePlan({ canary: CANARY, shadows: [shadowPlan()] }), routePlan({ name: 'plain' })],
})
const ROLLBACK = {
  verdict: 'ROLLBACK',
  actor: 'ada',
  reason: 'a customer called',
  at: '2026-01-01T00:00:00.000Z',
} as const

/** A process that is shutting down: it puts nothing in force any more, so there are no threads behind it. */
function draining(kept: Kept) {
  const state = new ControlState(SNAPSHOT, null, kept)
  state.draining = true
  const log = openLog('silent')
  const options = { cores: 1, keepLogLevel: true }
  return {
    state,
    driver: new RolloutDriver(state, new Reloader(state, null as unknown as Supervisor, log, options), log),
  }
}

const memory = (): Kept => ({ documents: new MemoryDocuments(), audit: new MemoryAuditLog() })

const refused = (problem: string) => ({ result: 'refused', revision: 1, problems: [problem] })

describe('while the process is shutting down', () => {
  test('a ROLLBACK is kept: the next process starts with the canary stopped', async () => {
    const kept = memory()
    const { state, driver } = draining(kept)
    state.overrides.set(EXPERIMENT, ROLLBACK)
    driver.looked(EXPERIMENT)
    const stop = { actor: 'understudy', before: 30, after: 0, reason: 'ROLLBACK: override by ada: a customer called' }
    await expect.poll(() => kept.audit.newest(1)).toEqual([expect.objectContaining(stop)])
    const next = new ControlState(SNAPSHOT, null, kept)
    expect(next.snapshot.routes[0]?.canary?.percent).toBe(0)
    expect(next.overrides.get(EXPERIMENT)).toEqual(ROLLBACK)
  })

  test('an operator is told that nothing can be changed', async () => {
    const kept = memory()
    const change = { percent: 5, resumeRamp: false, actor: 'ada', reason: 'too late' }
    const { driver } = draining(kept)
    expect(await driver.setByHand({ ...change, route: 'churn' })).toEqual(refused('the process is shutting down'))
    expect(await driver.setByHand({ ...change, route: 'plain' })).toEqual(refused('route plain has no canary'))
    expect(kept.audit.newest(10)).toEqual([])
  })
})

test('a ramp that is not there cannot be resumed', async () => {
  const { driver } = draining(memory())
  const change = { route: 'churn', percent: 5, resumeRamp: true, actor: 'ada', reason: 'go on' }
  expect(await driver.setByHand(change)).toMatchObject({
    problems: ['the canary of route churn has no ramp to resume'],
  })
})

test('looks at experiments that are no canary change nothing', () => {
  const { state, driver } = draining(memory())
  const before = state.rollouts.get('churn')
  driver.looked('nobody.v9')
  driver.lookAtAll()
  expect(state.rollouts.get('churn')).toBe(before)
})
