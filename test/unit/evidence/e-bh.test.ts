import { expect, test } from 'vitest'
import { selectByEvidence } from '../../../src/evidence/e-bh.ts'

const logs = (evidence: readonly number[]) => evidence.map(Math.log)

test('lists the largest as long as m over k alpha allows', () => {
  // At 5 %: four of four need 20 each, three 26.7, two 40, one 80.
  expect(selectByEvidence(logs([100, 1, 30, 50]), 0.05)).toEqual([0, 3, 2])
  expect(selectByEvidence(logs([100, 1, 26, 50]), 0.05)).toEqual([0, 3])
  expect(selectByEvidence(logs([79, 1, 1, 1]), 0.05)).toEqual([])
})

test('lists smaller ones together that none of them could carry alone', () => {
  expect(selectByEvidence(logs([21, 22, 23, 24]), 0.05)).toEqual([3, 2, 1, 0])
})

test('keeps ties in their own order, and takes evidence that no number holds', () => {
  expect(selectByEvidence([1e6, 2e6, 1e6, 0], 0.05)).toEqual([1, 0, 2])
})

test('of nothing is nothing', () => {
  expect(selectByEvidence([], 0.05)).toEqual([])
})
