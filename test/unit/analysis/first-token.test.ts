import { describe, expect, test } from 'vitest'
import { firstTokens } from '../../../src/analysis/first-token.ts'
import { countPair, type CountedPair } from '../../../src/analysis/windows.ts'
import { latencyBucket } from '../../../src/wire/latency-grid.ts'
import type { FrameLeg } from '../../../src/wire/pair-frame.ts'
import { emptyCounts } from '../../../src/wire/window.ts'
import { leg } from '../../support/pairs.ts'

const TOKEN = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
const ROLE = 'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'
const END = 'data: [DONE]\n\n'

/** Each event comes in a piece of its own, at these microseconds. */
function stream(events: readonly string[], timesUs: readonly number[], changes: Partial<FrameLeg> = {}): FrameLeg {
  let bytes = 0
  const points = events.flatMap((event, i) => {
    bytes += event.length
    return timesUs[i] === undefined ? [] : [bytes, timesUs[i]]
  })
  const arrivals = { points: Uint32Array.from(points), missed: events.length - timesUs.length, heldUs: 0 }
  return leg(events.join(''), { contentType: 'text/event-stream', latencyUs: 9_000_000, arrivals, ...changes })
}

const spoken = stream([ROLE, TOKEN, TOKEN, END], [1_000, 40_000, 60_000, 60_100])

describe('the time to the first token', () => {
  test('of a stream is when its first event with content was there', () => {
    expect(firstTokens(spoken, stream([TOKEN, END], [30_000, 30_100]))).toEqual({ primaryUs: 40_000, shadowUs: 30_000 })
  })

  test('is nothing where no leg is a stream', () => {
    expect(firstTokens(leg('{}'), leg('{}'))).toBeNull()
  })

  test('of an answer in one piece is its end, and a rejection never has one', () => {
    expect(firstTokens(spoken, leg('{}', { latencyUs: 700_000 }))?.shadowUs).toBe(700_000)
    expect(firstTokens(spoken, leg('{}', { latencyUs: 700, status: 400 }))?.shadowUs).toBe(Infinity)
  })

  test('never comes in a stream that ends without one', () => {
    expect(firstTokens(spoken, stream([ROLE, END], [1_000, 2_000]))?.shadowUs).toBe(Infinity)
  })

  test.each([
    ['was not captured', stream([TOKEN], [1_000], { capture: 'over_limit', body: Buffer.alloc(0) })],
    ['is compressed', stream([TOKEN], [1_000], { contentEncoding: 'gzip' })],
    ['has more pieces than are timed', stream([ROLE, TOKEN], [1_000])],
  ])('is not known of a stream that %s', (_why, shadow) => {
    expect(firstTokens(spoken, shadow)?.shadowUs).toBeNull()
  })
})

describe('the window', () => {
  const pair: CountedPair = {
    result: 'agree',
    primaryUs: 90_000,
    shadowUs: 90_000,
    slowdownRatio: 1.1,
    isRepeat: false,
    firstTokens: { primaryUs: 40_000, shadowUs: 80_000 },
    isStochastic: false,
  }
  const counted = (changes: Partial<CountedPair>) => {
    const counts = emptyCounts()
    countPair(counts, { ...pair, ...changes })
    return counts
  }
  const [fast, slow, never] = [40_000, 80_000, Infinity].map(us => String(latencyBucket(us))) as [
    string,
    string,
    string,
  ]

  test('counts both times and between which edges they differ', () => {
    expect(counted({}).firstToken).toEqual({
      latency: { primary: { [fast]: 1 }, shadow: { [slow]: 1 } },
      crossings: { up: { from: { [fast]: 1 }, to: { [slow]: 1 } }, down: { from: {}, to: {} } },
    })
  })

  test('takes a leg that failed for one whose token never came, known or not', () => {
    const { latency } = counted({
      result: 'shadow_error',
      firstTokens: { primaryUs: 40_000, shadowUs: null },
    }).firstToken
    expect(latency).toEqual({ primary: { [fast]: 1 }, shadow: { [never]: 1 } })
  })

  test('does not count a pair without streams, nor one of which a time is not known', () => {
    for (const firstTokens of [null, { primaryUs: 40_000, shadowUs: null }]) {
      expect(counted({ firstTokens }).firstToken.latency).toEqual({ primary: {}, shadow: {} })
    }
    expect(counted({ result: 'shadow_error', firstTokens: null }).firstToken.latency.primary).toEqual({})
  })

  test('keeps apart what is no vote', () => {
    expect(counted({ isRepeat: true }).repeated.firstToken).toEqual(counted({}).firstToken)
    expect(counted({}).repeated.firstToken.latency.primary).toEqual({})
  })
})
