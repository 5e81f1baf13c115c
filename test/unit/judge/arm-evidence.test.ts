import { describe, expect, test } from 'vitest'
import { ArmEvidence } from '../../../src/judge/arm-evidence.ts'
import { LATENCY_EDGES_US } from '../../../src/wire/latency-grid.ts'
import { armsOf } from '../../support/windows.ts'
import { experimentPlan } from '../../support/pairs.ts'

const GATES = {
  ...experimentPlan().gates,
  canaryErrors: { maxRatio: 1.1, maxIncrease: 0.005 },
  canaryLatency: { percentile: 90, maxRatio: 1.5, maxIncrease: 0.01, thresholdUs: null },
}

describe('evidence from arms', () => {
  test('chooses the threshold and the shares of the primary first, and judges other requests by them', () => {
    const evidence = new ArmEvidence(GATES)
    // 5 % fail, which is slow as well; of the others one in ten takes long.
    const primary = { requests: 1_000, errors: 50, latency: { 3: 855, 20: 95, 64: 50 } }
    evidence.take(armsOf(50, primary, { requests: 1_000, errors: 999 }), false)
    expect([evidence.counts, evidence.thresholdUs]).toEqual([[], null])
    expect(evidence.declared).toMatchObject([{ frozenPrimaryRate: null }, { frozenPrimaryRate: null }])
    evidence.take({}, true)
    expect(evidence.thresholdUs).toBe(LATENCY_EDGES_US[20])
    expect(evidence.declared).toMatchObject([
      { gate: 'canary_errors', maxRatio: 1.1, frozenPrimaryRate: 0.05 },
      { gate: 'canary_latency', maxRatio: 1.5, frozenPrimaryRate: 0.05 },
    ])
    evidence.take(armsOf(50, { requests: 10 }, { requests: 20, errors: 2, latency: { 20: 15, 21: 3, 64: 2 } }), true)
    expect(evidence.counts).toEqual([
      { rho: 0.5, primary: { requests: 10, errors: 0, slow: 0 }, canary: { requests: 20, errors: 2, slow: 5 } },
    ])
  })

  test('waits for enough requests of the primary after a warm-up without traffic', () => {
    const evidence = new ArmEvidence(GATES)
    evidence.take(armsOf(5, { requests: 199, latency: { 3: 199 } }, {}), true)
    expect(evidence.thresholdUs).toBeNull()
    const choice = {
      missing: "the primary's share is not known yet",
      counted: 199,
      needed: 200,
      what: 'requests to it',
    }
    expect(evidence.declared).toMatchObject([{ choice }, { choice }])
    evidence.take(armsOf(10, { requests: 1, latency: { 3: 1 } }, {}), true)
    expect(evidence.thresholdUs).toBe(LATENCY_EDGES_US[3])
  })

  test('takes the threshold the user gave', () => {
    const evidence = new ArmEvidence({ ...GATES, canaryLatency: { ...GATES.canaryLatency, thresholdUs: 250_000 } })
    evidence.take(armsOf(5, { requests: 200, latency: { 3: 150, 60: 50 } }, {}), true)
    expect(evidence.thresholdUs).toBeGreaterThanOrEqual(250_000)
    expect(evidence.declared[1]).toMatchObject({ frozenPrimaryRate: 0.25 })
  })

  test('goes on from its state as if it had never stopped', () => {
    const whole = new ArmEvidence(GATES)
    let interrupted = new ArmEvidence(GATES)
    for (let second = 0; second < 20; second++) {
      const arms = armsOf(second < 10 ? 1 : 5, { requests: 60, errors: 1, latency: { 4: 59, 64: 1 } }, { requests: 3 })
      whole.take(arms, second > 2)
      interrupted.take(arms, second > 2)
      interrupted = new ArmEvidence(GATES, JSON.parse(JSON.stringify(interrupted.state)) as typeof whole.state)
    }
    expect(interrupted.counts).toEqual(whole.counts)
    expect(interrupted.declared).toEqual(whole.declared)
  })
})
