import { expect, test } from 'vitest'
import { SCENARIOS } from '../../../loadtest/scenario-list.ts'

test.each([1000, 2000, 3000, 7000])('all steps of a rate fill a measurement of %d ms', measureMs => {
  for (const { name, load } of SCENARIOS) {
    const { ratePerS } = load(measureMs)
    if (!Array.isArray(ratePerS)) continue
    const stepsMs = ratePerS.reduce((sum: number, step: { forMs: number }) => sum + step.forMs, 0)
    expect(stepsMs, name).toBe(measureMs)
  }
})

test('names are unique', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
})
