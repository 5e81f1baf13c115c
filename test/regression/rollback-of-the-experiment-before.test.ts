/**
 * A reload gives rollouts to the next configuration before all threads have it. A look that came in between at the
 * experiment of the configuration before was taken for one at the new experiment: its ROLLBACK, which an operator may have
 * overruled, stopped the new version at 0 percent for good, without any evidence against it.
 */
import { expect, test } from 'vitest'
import { openLog } from '../../src/control/log.ts'
import { Reloader } from '../../src/control/reload.ts'
import { RolloutDriver } from '../../src/control/rollout-driver.ts'
import { ControlState } from '../../src/control/state.ts'
import type { Supervisor } from '../../src/control/supervisor.ts'
import { canaryPlan, routedSnapshot, routePlan, shadowPlan } from '../support/plans.ts'

const canary = canaryPlan({ percent: 30 })
const BEFORE = routedSnapshot({ routes: [routePlan({ canary, shadows: [shadowPlan()] })] })
const AFTER = { ...BEFORE, experiments: BEFORE.experiments.map(plan => ({ ...plan, id: 'churn.churn-v2.ffffffff' })) }
const ROLLBACK = { verdict: 'ROLLBACK', actor: 'ada', reason: 'harm', at: '2026-01-01T00:00:00.000Z' } as const

test('a ROLLBACK of the experiment before does not stop the rollout of the next, while a reload is under way', () => {
  const state = new ControlState(BEFORE)
  // Nothing is put in force any more, so there are no threads behind it.
  state.draining = true
  const log = openLog('silent')
  const reloader = new Reloader(state, null as unknown as Supervisor, log, { cores: 1, keepLogLevel: true })
  const driver = new RolloutDriver(state, reloader, log)
  const [before] = BEFORE.experiments
  state.overrides.set(before?.id ?? '', ROLLBACK)
  state.rollouts.configure(AFTER)
  driver.looked(before?.id ?? '')
  expect(state.rollouts.get('churn')).toMatchObject({
    experiment: 'churn.churn-v2.ffffffff',
    state: { kind: 'manual' },
  })
  state.rollouts.configure(BEFORE)
  driver.looked(before?.id ?? '')
  expect(state.rollouts.get('churn')?.state.kind).toBe('stopped')
})
