import { describe, expect, test } from 'vitest'
import { legStream, streamTiming } from '../../../src/analysis/stream-timing.ts'
import type { Arrivals } from '../../../src/wire/arrivals.ts'
import { leg } from '../../support/pairs.ts'

const arrivals = (...points: [bytes: number, us: number][]): Arrivals => ({
  points: Uint32Array.from(points.flat()),
  missed: 0,
  heldUs: 0,
})
const marks = (...ends: number[]) => ({ events: ends.map(end => ({ end, hasContent: true })), inEvent: false })

describe('the timing of a stream', () => {
  test('is that of the pieces that complete its tokens', () => {
    const points = arrivals([5, 100], [10, 200], [25, 450], [30, 1_200])
    expect(streamTiming(points, marks(10, 20, 25, 30))).toEqual({
      firstByteUs: 100,
      firstTokenUs: 200,
      tokens: 4,
      interTokenUs: { p50: 250, p99: 750 },
      tokensPerSecond: 3_000,
      missedPieces: 0,
      heldUs: 0,
    })
  })

  test('takes the nearest rank of the gaps', () => {
    const points = arrivals(...Array.from({ length: 201 }, (_, i): [number, number] => [i + 1, (i * (i + 1)) / 2]))
    const timing = streamTiming(points, marks(...Array.from({ length: 201 }, (_, i) => i + 1)))
    expect(timing.interTokenUs).toEqual({ p50: 100, p99: 198 })
  })

  test('counts only events with content as tokens', () => {
    const events = [
      { end: 10, hasContent: false },
      { end: 20, hasContent: true },
    ]
    expect(streamTiming(arrivals([10, 100], [20, 300]), { events, inEvent: false })).toMatchObject({
      firstByteUs: 100,
      firstTokenUs: 300,
      tokens: 1,
      interTokenUs: null,
      tokensPerSecond: null,
    })
  })

  test('has no rate where all tokens came at once', () => {
    expect(streamTiming(arrivals([30, 100]), marks(10, 20, 30))).toMatchObject({
      interTokenUs: { p50: 0, p99: 0 },
      tokensPerSecond: null,
    })
  })

  test('is that of the tokens whose pieces have a time', () => {
    const missed = { ...arrivals([10, 100], [20, 200]), missed: 7, heldUs: 40 }
    expect(streamTiming(missed, marks(10, 20, 30, 40))).toMatchObject({
      tokens: 4,
      interTokenUs: { p50: 100, p99: 100 },
      missedPieces: 7,
      heldUs: 40,
    })
  })

  test('is none where nothing came', () => {
    expect(streamTiming(arrivals(), marks())).toMatchObject({
      firstByteUs: null,
      firstTokenUs: null,
      tokens: 0,
      interTokenUs: null,
      tokensPerSecond: null,
    })
  })
})

describe('the stream of a leg', () => {
  const stream = { contentType: 'text/event-stream', arrivals: arrivals([9, 100], [18, 200]) }
  const whole = 'data: a\n\ndata: b\n\n'

  test('is none where its pieces were not timed', () => {
    expect(legStream(leg('{}'))).toBeNull()
  })

  test('has tokens, and no cut where it is whole', () => {
    expect(legStream(leg(whole, stream))).toMatchObject({ tokens: 2, firstTokenUs: 100, cut: null })
  })

  test('says where it was cut: by an error between events, or by its end within one', () => {
    const broken = leg(whole, { ...stream, error: 'UPSTREAM_RESET' })
    expect(legStream(broken)).toMatchObject({ tokens: 2, cut: { atByte: 18, inEvent: false } })
    expect(legStream(leg(`${whole}data: c`, stream))).toMatchObject({ tokens: 2, cut: { atByte: 25, inEvent: true } })
  })

  test.each([
    ['was not captured', { capture: 'over_limit' as const, body: Buffer.alloc(0) }],
    ['is compressed', { contentEncoding: 'gzip' }],
  ])('has only its first byte where the body %s', (_, changes) => {
    expect(legStream(leg(whole, { ...stream, ...changes }))).toEqual({
      firstByteUs: 100,
      firstTokenUs: null,
      tokens: null,
      interTokenUs: null,
      tokensPerSecond: null,
      cut: null,
      missedPieces: 0,
      heldUs: 0,
    })
  })
})
