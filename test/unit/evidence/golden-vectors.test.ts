import { describe, expect, test } from 'vitest'
import { conditionalLogE } from '../../../src/evidence/conditional.ts'
import { meanInterval } from '../../../src/evidence/confidence-sequence.ts'
import { boundedLogE } from '../../../src/evidence/e-process.ts'
import { orderStrata } from '../../../src/evidence/strata.ts'
import { ARM_VECTORS, INTERVAL_VECTORS, MEAN_VECTORS } from './vectors.ts'

const RELATIVE = 1e-9

function expectClose(actual: number, golden: number): void {
  expect(Math.abs(actual - golden)).toBeLessThanOrEqual(RELATIVE * Math.abs(golden))
}

describe('the figures of an independent implementation', () => {
  test.each(MEAN_VECTORS)('bounded mean, $side at $q: $counts', ({ side, values, counts, q, logE }) => {
    expectClose(boundedLogE(side, values, counts, q), logE)
  })

  test.each(ARM_VECTORS)('arms, $side at $margin: $strata', ({ side, strata, margin, logE }) => {
    expectClose(conditionalLogE(side, orderStrata(strata), margin), logE)
  })

  test.each(INTERVAL_VECTORS)('interval of $counts', ({ values, counts, alpha, interval }) => {
    const { lower, upper } = meanInterval(values, counts, alpha)
    expectClose(lower, interval[0] as number)
    expectClose(upper, interval[1] as number)
  })
})
