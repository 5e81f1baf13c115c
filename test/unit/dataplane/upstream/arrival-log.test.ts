import { describe, expect, test } from 'vitest'
import { ArrivalLog, isTimedStream } from '../../../../src/dataplane/upstream/arrival-log.ts'

const STARTED_MS = 1_000
const LIMIT = 4_096

describe('the arrivals of a streamed answer', () => {
  test('are bytes so far and microseconds from dispatch', () => {
    const log = new ArrivalLog(STARTED_MS)
    log.add(10, 1_000.25)
    log.add(25, 1_001.5)
    expect([...log.points]).toEqual([10, 250, 25, 1_500])
  })

  test('are one for all pieces of one read', () => {
    const log = new ArrivalLog(STARTED_MS)
    for (const bytes of [1, 5, 9]) log.add(bytes, 1_002)
    log.add(12, 1_003)
    expect([...log.points]).toEqual([9, 2_000, 12, 3_000])
  })

  test('are kept up to a limit, and counted beyond it', () => {
    const log = new ArrivalLog(STARTED_MS)
    for (let i = 1; i <= LIMIT + 5; i++) log.add(i, STARTED_MS + i)
    expect([log.points.length, log.missed]).toEqual([2 * LIMIT, 5])
    const expected = Array.from({ length: LIMIT }, (_, i) => [i + 1, (i + 1) * 1_000]).flat()
    expect([...log.points]).toEqual(expected)
  })

  test('are never before the dispatch, and never later than 32 bits can say', () => {
    const log = new ArrivalLog(STARTED_MS)
    log.add(1, 999)
    log.add(2, 5e6)
    expect([...log.points]).toEqual([1, 0, 2, 0xffff_ffff])
  })

  test('say how long the client held them up', () => {
    const log = new ArrivalLog(STARTED_MS)
    log.held(1.5)
    log.held(2)
    expect(log.heldUs).toBe(3_500)
  })
})

test.each([
  ['text/event-stream', true],
  ['Text/Event-Stream; charset=utf-8', true],
  ['application/x-ndjson', true],
  ['application/x-ndjson ;x=1', true],
  ['text/event-streams', false],
  ['application/json', false],
  ['', false],
])('an answer of type "%s" is a timed stream: %s', (type, timed) => {
  expect(isTimedStream(type)).toBe(timed)
})
