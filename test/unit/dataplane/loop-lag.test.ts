import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LoopLag } from '../../../src/dataplane/loop-lag.ts'

const SAMPLE_MS = 50

let nowMs: number
let sample: () => void
let lag: LoopLag

/** The test is the event loop: it says what time it is and when the timer gets its turn. */
beforeEach(() => {
  nowMs = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(globalThis, 'setInterval').mockImplementation(callback => {
    sample = callback
    return {} as ReturnType<typeof setInterval>
  })
  lag = new LoopLag()
  sample()
})

afterEach(() => vi.restoreAllMocks())

/** The loop does something else until the timer is so late. */
function late(ms: number): void {
  nowMs += SAMPLE_MS + ms
}

function sampleLate(ms: number): void {
  late(ms)
  sample()
}

describe.each([
  ['shedding', 100],
  ['refusing', 1_000],
] as const)('%s starts over %d ms', (what, limitMs) => {
  test('not while the thread is a little late, however often', () => {
    for (const ms of [0, 1, limitMs / 2, limitMs - 1, limitMs - 1]) {
      sampleLate(ms)
      expect(lag[what]).toBe(false)
    }
  })

  test('not after one long pause: it is over', () => {
    sampleLate(10 * limitMs)
    expect(lag[what]).toBe(false)
    late(limitMs - 1)
    expect(lag[what]).toBe(false)
  })

  test('when it is late twice in a row, already within the second turn', () => {
    sampleLate(limitMs + 1)
    late(limitMs + 1)
    expect(lag[what]).toBe(true)
    sample()
    expect(lag[what]).toBe(true)
  })

  test('until it has been on time again', () => {
    sampleLate(limitMs + 1)
    sampleLate(limitMs + 1)
    sampleLate(3)
    expect(lag[what]).toBe(false)
  })

  test('not for two pauses with a moment on time between them', () => {
    sampleLate(limitMs + 1)
    sampleLate(0)
    late(limitMs + 1)
    expect(lag[what]).toBe(false)
  })
})

test('a thread is not late because it starts', () => {
  lag.stop()
  lag = new LoopLag()
  sampleLate(5_000)
  late(120)
  expect([lag.shedding, lag.read()]).toEqual([false, 0])
})

test('the worst lateness since the last reading is read once', () => {
  for (const ms of [20, 70, 10]) sampleLate(ms)
  expect([lag.read(), lag.read()]).toEqual([70, 0])
})

describe('lags', () => {
  let lags: number[]
  beforeEach(() => {
    lags = []
    lag = new LoopLag(lagUs => void lags.push(lagUs / 1e3))
  })

  test('are told without the millisecond that any timer may be late, and not before there is one', () => {
    sample()
    expect(lags).toEqual([])
    for (const ms of [0, 0.8, 1, 31]) sampleLate(ms)
    expect(lags).toEqual([0, 0, 0, 30])
  })

  test('of a long pause are those that one sees who looks each 50 ms', () => {
    sample()
    sampleLate(220)
    expect(lags).toEqual([219, 169, 119, 69, 19])
  })
})
