import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { markEvents } from '../../src/analysis/stream-events.ts'
import { legStream } from '../../src/analysis/stream-timing.ts'
import { ArrivalLog } from '../../src/dataplane/upstream/arrival-log.ts'
import { leg } from '../support/pairs.ts'

const lineEnd = fc.constantFrom('\n', '\r', '\r\n')
/** An event and how long its server took for it, whole milliseconds: a float does not round them. */
const event = fc.record({
  token: fc.string({ unit: 'grapheme', maxLength: 8 }).map(text => `t${text.replaceAll(/[\r\n]/g, '')}`),
  lineEnd,
  afterMs: fc.integer({ min: 1, max: 500 }),
  /** Where its bytes are cut into pieces. */
  cuts: fc.array(fc.nat(40), { maxLength: 4 }),
})

test('chunk boundaries never matter: only when the last byte of each event came does', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 12 }), events => {
      const log = new ArrivalLog(0)
      const bodies: Buffer[] = []
      const times: number[] = []
      let bytes = 0
      let nowMs = 0
      for (const each of events) {
        const body = Buffer.from(`data: ${each.token}${each.lineEnd}${each.lineEnd}`)
        const inside = each.cuts.map(cut => cut % body.length).sort((a, b) => a - b)
        // Pieces of it come early, the last one when it is due.
        for (const cut of inside) if (cut > 0) log.add(bytes + cut, nowMs + 0.5)
        nowMs += each.afterMs
        bytes += body.length
        log.add(bytes, nowMs)
        bodies.push(body)
        // The LF of the last CRLF may come late: the line is over without it.
        times.push(each.lineEnd === '\r\n' && inside.includes(body.length - 1) ? -1 : nowMs * 1_000)
      }
      fc.pre(!times.includes(-1))
      const answer = leg(Buffer.concat(bodies), { contentType: 'text/event-stream', arrivals: log })
      const gaps = times
        .slice(1)
        .map((time, i) => time - (times[i] as number))
        .sort((a, b) => a - b)
      expect(legStream(answer)).toMatchObject({
        firstTokenUs: times[0],
        tokens: events.length,
        interTokenUs: gaps.length === 0 ? null : { p50: gaps[Math.ceil(gaps.length / 2) - 1], p99: gaps.at(-1) },
        cut: null,
      })
    }),
  )
})

test('whatever the bytes are, marks grow, lie within the body, and need nothing behind them', () => {
  const piece = fc.constantFrom('data: a', 'data:', '\n', '\r', '\r\n', ': c', '{"a":1}', '\uFEFF', '😀', 'event: x')
  const type = fc.constantFrom('text/event-stream', 'application/x-ndjson')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), type, (pieces, contentType) => {
      const body = Buffer.from(pieces.join(''))
      const { events } = markEvents(body, contentType)
      for (const [i, { end }] of events.entries()) {
        expect(end).toBeGreaterThan(events[i - 1]?.end ?? 0)
        expect(markEvents(body.subarray(0, end), contentType).events).toEqual(events.slice(0, i + 1))
      }
    }),
  )
})
