import { expect, test } from 'vitest'
import { jensenShannonBits } from '../../src/analysis/compare/classification.ts'

/**
 * Half of the smallest float is 0. A class with that probability on one side and none on the other was divided by it, and the
 * divergence of the whole row became infinite: the pair lost its `jsd`. Found by a property test, once in a while.
 */
test('a probability that cannot be halved leaves the divergence finite', () => {
  expect(jensenShannonBits([1, 0], [1, Number.MIN_VALUE], 0, 2)).toBe(0)
  expect(jensenShannonBits([0, 1, Number.MIN_VALUE], [1, 0, 0], 0, 3)).toBe(1)
})
