import { describe, expect, test } from 'vitest'
import { loadDigits, splitDigits } from '../../../../src/cli/demo/digits.ts'
import { expectedDisagreements, labelsOf } from '../../../../src/cli/demo/expected.ts'
import { trainModel, type ModelKind } from '../../../../src/cli/demo/scenarios.ts'

const { heldOut } = splitDigits(loadDigits())

const KINDS = ['primary', 'better', 'broken', 'same'] as const
const labelsByKind = new Map(KINDS.map(kind => [kind, labelsOf(kind)]))

/** Percent of the held-out images, or of those of one digit, that the model reads correctly. */
function accuracyPercent(kind: ModelKind, digit?: number): number {
  const labels = labelsByKind.get(kind)
  const asked = heldOut.filter(({ label }) => digit === undefined || label === digit)
  return (100 * asked.filter(({ index, label }) => labels?.get(index) === label).length) / asked.length
}

function expectWithinOnePoint(percent: number, of: number): void {
  expect(Math.abs(percent - of), `${percent} is not within one point of ${of}`).toBeLessThanOrEqual(1)
}

describe('the models of the demo, on images they have not seen', () => {
  test.each([
    ['primary', 96.9],
    ['better', 98.1],
    ['broken', 93.6],
    ['same', 96.6],
  ] as const)('%s reads %d % correctly', (kind, percent) => {
    expectWithinOnePoint(accuracyPercent(kind), percent)
  })

  test.each([
    ['better', 2.8],
    ['broken', 5.1],
    ['same', 2.2],
  ] as const)('%s differs from the primary on %d %', (scenario, percent) => {
    const { images, differing } = expectedDisagreements(scenario)
    expect(images).toBe(heldOut.length)
    expectWithinOnePoint((100 * differing.size) / images, percent)
  })

  test('broken loses a third or more of the 8s and hardly anything else', () => {
    expect(accuracyPercent('primary', 8)).toBeGreaterThan(90)
    expect(accuracyPercent('broken', 8)).toBeLessThan(65)
    for (const digit of [0, 1, 2, 3, 4, 5, 6, 7, 9]) {
      expect(accuracyPercent('broken', digit), `digit ${digit}`).toBeGreaterThan(accuracyPercent('primary', digit) - 5)
    }
  })

  test('the same kind is the same model each time it is trained', () => {
    const { pixels } = heldOut[0] as (typeof heldOut)[number]
    expect(trainModel('broken').probabilities(pixels)).toEqual(trainModel('broken').probabilities(pixels))
  })

  test.each(KINDS)('%s gives probabilities in single precision', kind => {
    const model = trainModel(kind)
    for (const { pixels } of heldOut.slice(0, 50)) {
      const probabilities = model.probabilities(pixels)
      expect(probabilities).toHaveLength(10)
      expect(probabilities.every(p => p >= 0 && p <= 1 && Math.fround(p) === p)).toBe(true)
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5)
    }
  })
})
