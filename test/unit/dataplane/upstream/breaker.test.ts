import { describe, expect, test } from 'vitest'
import { Breaker } from '../../../../src/dataplane/upstream/breaker.ts'

const EJECT_MS = 1_000

/** A breaker that opened at 100 ms, after three failures. */
function opened(): Breaker {
  const breaker = new Breaker({ errors: 3, ejectMs: EJECT_MS, maxEjectedPercent: 50 })
  for (let i = 0; i < 3; i++) breaker.failed(100)
  return breaker
}

describe('a breaker', () => {
  test('allows legs until so many have failed in a row', () => {
    const breaker = new Breaker({ errors: 3, ejectMs: EJECT_MS, maxEjectedPercent: 50 })
    for (const outcome of ['bad', 'bad', 'good', 'bad', 'bad', 'undecided'] as const) {
      if (outcome === 'bad') breaker.failed(100)
      else if (outcome === 'good') breaker.succeeded()
      else breaker.undecided(100)
      expect(breaker.allows(100)).toBe(true)
    }
    breaker.failed(100)
    expect(breaker.allows(100)).toBe(false)
  })

  test('allows nothing while it is open, whatever is asked', () => {
    const breaker = opened()
    breaker.started(1_099)
    expect([breaker.allows(101), breaker.allows(1_099)]).toEqual([false, false])
  })

  test('lets one leg try when its time is over, and no other', () => {
    const breaker = opened()
    expect(breaker.allows(1_100)).toBe(true)
    breaker.started(1_100)
    expect([breaker.allows(1_100), breaker.allows(9_999)]).toEqual([false, false])
  })

  test('closes when the trial succeeds, and counts from zero', () => {
    const breaker = opened()
    breaker.started(1_100)
    breaker.succeeded()
    for (let i = 0; i < 2; i++) breaker.failed(1_200)
    expect(breaker.allows(1_200)).toBe(true)
  })

  test('opens for its whole time again when the trial fails', () => {
    const breaker = opened()
    breaker.started(1_100)
    breaker.failed(1_500)
    expect([breaker.allows(2_499), breaker.allows(2_500)]).toEqual([false, true])
  })

  test('lets another leg try when the first one ended without saying anything', () => {
    const breaker = opened()
    breaker.started(1_100)
    breaker.undecided(1_200)
    expect(breaker.allows(1_200)).toBe(true)
  })

  test('is not closed by a leg that had started before it opened, nor opened for longer', () => {
    const breaker = opened()
    breaker.undecided(500)
    expect([breaker.allows(500), breaker.allows(1_100)]).toEqual([false, true])
  })
})
