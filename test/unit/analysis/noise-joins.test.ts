import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NoiseJoins } from '../../../src/analysis/noise-joins.ts'
import { OUTCOMES } from '../../../src/wire/outcomes.ts'

const SHADOW = 'r.v2.00000000'
const OTHER = 'r.v3.00000000'

describe('the pairs of a shadow and of the control', () => {
  test('of the same request come together, whichever comes first', () => {
    const joins = new NoiseJoins()
    expect(joins.shadow('t', 'a', 1, SHADOW, 'disagree')).toEqual([])
    expect(joins.control('t', 'a', 1, 'agree')).toEqual([
      { experiment: SHADOW, shadowDisagrees: true, controlDisagrees: false },
    ])
    expect(joins.control('t', 'b', 1, 'disagree')).toEqual([])
    expect(joins.shadow('t', 'b', 1, SHADOW, 'agree')).toEqual([
      { experiment: SHADOW, shadowDisagrees: false, controlDisagrees: true },
    ])
  })

  test('serve every shadow of the request', () => {
    const joins = new NoiseJoins()
    joins.shadow('t', 'a', 1, SHADOW, 'agree')
    expect(joins.control('t', 'a', 1, 'agree').map(({ experiment }) => experiment)).toEqual([SHADOW])
    expect(joins.shadow('t', 'a', 1, OTHER, 'agree').map(({ experiment }) => experiment)).toEqual([OTHER])
  })

  test('of other threads, and of settled seconds, stay apart', () => {
    const joins = new NoiseJoins()
    joins.shadow('t', 'a', 1, SHADOW, 'agree')
    expect(joins.control('u', 'a', 1, 'agree')).toEqual([])
    joins.settle('t', 2)
    expect(joins.control('t', 'a', 1, 'agree')).toEqual([])
  })

  test('vote only where both were compared', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OUTCOMES), fc.constantFrom(...OUTCOMES), (shadow, control) => {
        const joins = new NoiseJoins()
        const compared = [shadow, control].every(outcome => outcome === 'agree' || outcome === 'disagree')
        const votes = [...joins.shadow('t', 'a', 1, SHADOW, shadow), ...joins.control('t', 'a', 1, control)]
        expect(votes).toHaveLength(compared ? 1 : 0)
      }),
    )
  })
})
