import { describe, expect, test } from 'vitest'
import type { KeySource } from '../../../../src/config/snapshot.ts'
import { decideCanary, decideShadow } from '../../../../src/dataplane/routing/assign.ts'
import { chiSquareIndependence } from '../../../support/chi-square.ts'
import { canaryPlan, requestHead, routePlan, shadowPlan } from '../../../support/plans.ts'

const ROUTE = routePlan()
const USER: KeySource = { kind: 'header', name: 'x-user-id' }

const userHead = (i: number) => requestHead({ headers: { 'x-user-id': `user-${i}` }, requestId: `request-${i}` })

function shareOfShadowed(percent: number, keys: number): number {
  const shadow = shadowPlan({ percent })
  let chosen = 0
  for (let i = 0; i < keys; i++) if (decideShadow(ROUTE, shadow, userHead(i)).chosen) chosen++
  return chosen / keys
}

describe('F1: the observed share', () => {
  // The keys are fixed, so this holds always or never. At 0.001 % it takes a million of them to expect ten.
  test.each([
    [0.001, 1_000_000],
    [1, 100_000],
    [20, 100_000],
    [50, 100_000],
    [99.9, 100_000],
  ])('of %d %% lies within three standard deviations', (percent, keys) => {
    const p = percent / 100
    const sigma = Math.sqrt((p * (1 - p)) / keys)
    expect(Math.abs(shareOfShadowed(percent, keys) - p)).toBeLessThan(3 * sigma)
  })

  test('of 0 % is none and of 100 % is all', () => {
    expect(shareOfShadowed(0, 20_000)).toBe(0)
    expect(shareOfShadowed(100, 20_000)).toBe(1)
  })

  test('of keyless requests is that of the percentage too, decided anew each time', () => {
    const canary = canaryPlan({ percent: 20 })
    const requests = 20_000
    let chosen = 0
    for (let i = 0; i < requests; i++) if (decideCanary(ROUTE, canary, requestHead()).chosen) chosen++
    // Random this time, hence six standard deviations: one false alarm in 500 million runs.
    expect(Math.abs(chosen / requests - 0.2)).toBeLessThan(6 * Math.sqrt((0.2 * 0.8) / requests))
  })
})

describe('F4: a percentage that grows', () => {
  test('takes new users in and none out', () => {
    const steps = [0, 0.5, 1, 5, 10, 25, 50, 99.9, 100]
    for (let i = 0; i < 5_000; i++) {
      const chosenAt = steps.map(percent => decideCanary(ROUTE, canaryPlan({ percent }), userHead(i)).chosen)
      const first = chosenAt.indexOf(true)
      expect(first).toBeGreaterThan(0)
      expect(chosenAt.slice(first)).not.toContain(false)
    }
  })
})

describe('F3: salts', () => {
  test('make canary and shadow decisions of one user independent', () => {
    const canary = canaryPlan()
    const shadow = shadowPlan({ key: USER })
    const table = Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => 0))
    for (let i = 0; i < 100_000; i++) {
      const row = table[Math.floor(decideCanary(ROUTE, canary, userHead(i)).bucket / 10)] as number[]
      const column = Math.floor(decideShadow(ROUTE, shadow, userHead(i)).bucket / 10)
      row[column] = (row[column] as number) + 1
    }
    // 99.9 % quantile of chi-square with 81 degrees of freedom.
    expect(chiSquareIndependence(table)).toBeLessThan(126.1)
  })

  test('make decisions on two routes independent', () => {
    const other = routePlan({ name: 'fraud' })
    const canary = canaryPlan()
    const table = Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => 0))
    for (let i = 0; i < 100_000; i++) {
      const row = table[Math.floor(decideCanary(ROUTE, canary, userHead(i)).bucket / 10)] as number[]
      const column = Math.floor(decideCanary(other, canary, userHead(i)).bucket / 10)
      row[column] = (row[column] as number) + 1
    }
    expect(chiSquareIndependence(table)).toBeLessThan(126.1)
  })

  test('are shared by the shadows of a route: they copy nested subsets of the same requests', () => {
    const small = shadowPlan({ upstream: 1, percent: 5, key: USER })
    const same = shadowPlan({ upstream: 2, percent: 5, key: USER })
    const large = shadowPlan({ upstream: 3, percent: 30, key: USER })
    for (let i = 0; i < 5_000; i++) {
      const chosen = decideShadow(ROUTE, small, userHead(i)).chosen
      expect(decideShadow(ROUTE, same, userHead(i)).chosen).toBe(chosen)
      if (chosen) expect(decideShadow(ROUTE, large, userHead(i)).chosen).toBe(true)
    }
  })
})

describe('a decision', () => {
  test('tells the key and the bucket it hung on', () => {
    const decision = decideCanary(ROUTE, canaryPlan({ percent: 50 }), userHead(1))
    expect(decision).toEqual({ chosen: true, key: 'user-1', bucket: (0x7f196dd1 / 2 ** 32) * 100 })
  })

  test('without the key is random, and says so', () => {
    const decisions = Array.from({ length: 50 }, () => decideCanary(ROUTE, canaryPlan(), requestHead()))
    expect(decisions.every(decision => decision.key === null)).toBe(true)
    expect(new Set(decisions.map(decision => decision.bucket)).size).toBeGreaterThan(1)
  })

  test('of a canary that is not sticky is random although the request has an id', () => {
    const canary = canaryPlan({ sticky: null })
    const buckets = Array.from({ length: 50 }, () => decideCanary(ROUTE, canary, userHead(1)).bucket)
    expect(new Set(buckets).size).toBeGreaterThan(1)
  })
})
