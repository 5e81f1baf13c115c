import { describe, expect, test } from 'vitest'
import { ConnectionPace } from '../../../../src/dataplane/shadow/connection-pace.ts'

/** How many of `asked` are allowed at that moment. */
function allowed(pace: ConnectionPace, asked: number, nowMs: number): number {
  return Array.from({ length: asked }, () => pace.allows(nowMs)).filter(Boolean).length
}

/** The same in the two seconds behind a moment, where more are asked for than any pace allows. */
function allowedInTwoSeconds(pace: ConnectionPace, startMs: number): number {
  let count = 0
  for (let ms = 1; ms <= 2_000; ms++) count += allowed(pace, 20, startMs + ms)
  return count
}

describe('new connections to a shadow', () => {
  test('may be as many at once as a shadow needs when it starts', () => {
    expect(allowed(new ConnectionPace(), 64, 1_000_000)).toBe(64)
  })

  test('are paced from then on, however many are asked for', () => {
    const pace = new ConnectionPace()
    const burst = allowed(pace, 10_000, 1_000_000)
    expect(burst).toBeLessThanOrEqual(128)
    expect(allowedInTwoSeconds(pace, 1_000_000)).toBe(1_000)
  })

  test('do not add up over a quiet hour', () => {
    const pace = new ConnectionPace()
    allowed(pace, 10_000, 0)
    expect(allowed(pace, 10_000, 3_600_000)).toBeLessThanOrEqual(128)
  })

  describe('where they are lost with their copies', () => {
    test('are a tenth as many', () => {
      const pace = new ConnectionPace()
      allowed(pace, 10_000, 0)
      pace.lost()
      expect(allowedInTwoSeconds(pace, 0)).toBe(100)
    })

    test('are a dozen at once after a quiet time, not a hundred', () => {
      const pace = new ConnectionPace()
      pace.lost()
      expect(allowed(pace, 10_000, 3_600_000)).toBe(12)
    })

    test('are five a second when all are lost, one after the other', () => {
      const pace = new ConnectionPace()
      allowed(pace, 10_000, 0)
      for (let i = 0; i < 1_000; i++) pace.lost()
      expect(allowedInTwoSeconds(pace, 0)).toBe(10)
    })

    test('are no fewer than before as soon as one copy of a bad shadow has its answer', () => {
      const pace = new ConnectionPace()
      allowed(pace, 10_000, 0)
      for (let i = 0; i < 1_000; i++) pace.lost()
      pace.kept()
      pace.lost()
      expect(allowedInTwoSeconds(pace, 0)).toBe(100)
    })

    test('are as many as ever when ten copies have had their answers', () => {
      const pace = new ConnectionPace()
      allowed(pace, 10_000, 0)
      pace.lost()
      for (let i = 0; i < 10; i++) pace.kept()
      expect(allowedInTwoSeconds(pace, 0)).toBe(1_000)
    })
  })
})
