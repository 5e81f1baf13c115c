import { expect, test } from 'vitest'
import { CostCap, CostExceeded } from '../../../../src/analysis/compare/cost-cap.ts'

test('throws at the first look after the time is over, and not before', () => {
  let now = 100
  const cost = new CostCap(50, () => now)
  cost.spend(1_000_000)
  now = 150
  cost.spend(1_000_000)
  now = 150.5
  expect(() => cost.spend(1_000_000)).toThrow(CostExceeded)
  expect(() => cost.look()).toThrow('comparing the pair took longer than 50 ms')
})

test('looks at the clock once in many steps', () => {
  let looks = 0
  const cost = new CostCap(50, () => looks++)
  for (let i = 0; i < 4095; i++) cost.spend(1)
  expect(looks).toBe(1)
  cost.spend(1)
  expect(looks).toBe(2)
})
