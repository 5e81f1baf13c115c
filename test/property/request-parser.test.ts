import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadMemory } from '../../src/dataplane/h1/head-memory.ts'
import { parseRequestHead } from '../../src/dataplane/http/h1/received-head.ts'
import { RequestParser } from '../../src/dataplane/http/h1/request-parser.ts'
import { cutAt, cuts } from '../support/message-arbitrary.ts'
import { brokenRequests, bytesOf, madeRequest, madeRequests } from '../support/request-arbitrary.ts'
import { readRequests, type RequestLog } from '../support/request-log.ts'

/** Everything that was heard; of a refusal only that it was, since a piece may show it sooner, for another reason. */
const heard = ({ requests, refused, isOver }: RequestLog): object => ({
  requests: requests.map(({ head, body, whole }) => ({ head, body, whole })),
  isRefused: refused !== null,
  isOver,
})

/** What a listener heard, one word each. */
function listenTo(limitBytes: number): { parser: RequestParser; events: string[] } {
  const events: string[] = []
  const listener = {
    onHead: () => void events.push('head'),
    onData: () => void events.push('data'),
    onEnd: () => void events.push('end'),
  }
  return { parser: new RequestParser(listener, limitBytes), events }
}

describe('RequestParser', () => {
  test('finds in requests exactly what was put into them, however they are cut', () => {
    fc.assert(
      fc.property(madeRequests, cuts, (made, positions) => {
        const { requests, refused } = readRequests(cutAt(bytesOf(made), positions))
        const last = made.findIndex(each => !each.keepAlive)
        expect(refused).toBeNull()
        expect(requests.length).toBe(last === -1 ? made.length : last + 1)
        requests.forEach(({ head, body, whole }, i) => {
          const { method, target, version, fields, body: sent, keepAlive } = made[i] as (typeof made)[number]
          expect([head.method, head.target, head.httpVersion, body, head.keepAlive, whole]).toEqual([
            method,
            target,
            version,
            sent,
            keepAlive,
            true,
          ])
          expect(head.rawHeaders.slice(0, fields.length)).toEqual(fields)
        })
      }),
      { numRuns: 2_000 },
    )
  })

  test('comes to the same of any bytes, however they are cut', () => {
    let refused = 0
    let whole = 0
    fc.assert(
      fc.property(brokenRequests, cuts, (bytes, positions) => {
        // Nothing but a refusal is thrown: readRequests passes everything else on.
        const log = readRequests([bytes])
        expect(heard(readRequests(cutAt(bytes, positions)))).toEqual(heard(log))
        expect(heard(readRequests(bytes.split('')))).toEqual(heard(log))
        if (log.refused === null) whole++
        else refused++
      }),
      { numRuns: 3_000 },
    )
    // The mistakes are neither all fatal nor all harmless.
    expect(Math.min(refused, whole)).toBeGreaterThan(500)
  })

  test('reads of a connection what it sends, whatever others sent that share its memory of first heads', () => {
    let same = 0
    fc.assert(
      fc.property(fc.array(fc.tuple(brokenRequests, fc.nat(2)), { minLength: 2, maxLength: 5 }), connections => {
        const shared = new HeadMemory(parseRequestHead)
        const sent = connections.flatMap(([bytes, again]) => Array.from({ length: again + 1 }, () => bytes))
        for (const bytes of sent) {
          const log = readRequests([bytes], LIMIT_BYTES, shared)
          expect(heard(log)).toEqual(heard(readRequests([bytes], LIMIT_BYTES)))
          const [first] = log.requests
          if (first !== undefined && first.head === readRequests([bytes], LIMIT_BYTES, shared).requests[0]?.head) same++
        }
      }),
    )
    // What is shared was used.
    expect(same).toBeGreaterThan(100)
  })

  test('hears nothing behind bytes that it refuses, whatever they are', () => {
    let refused = 0
    fc.assert(
      fc.property(brokenRequests, madeRequest, (bytes, next) => {
        const { parser, events } = listenTo(64 * 1024)
        const push = (text: string): void => {
          const pushed = Buffer.from(text, 'latin1')
          for (let at = 0; at < pushed.length; parser.next()) {
            const to = parser.push(pushed, at)
            if (to === at) return
            at = to
          }
        }
        try {
          push(bytes)
          return
        } catch {
          refused++
        }
        const before = events.length
        for (let i = 0; i < 3; i++) {
          push(`\r\n${next.bytes}`)
          parser.next()
        }
        expect([events.length, parser.inHead, parser.inBody]).toEqual([before, false, false])
      }),
      { numRuns: 2_000 },
    )
    expect(refused).toBeGreaterThan(500)
  })

  test('stops where it is told to, also from within a callback', () => {
    fc.assert(
      fc.property(madeRequest, cuts, fc.nat(6), (made, positions, stopAfter) => {
        let calls = 0
        const count = (): void => {
          if (++calls === stopAfter + 1) parser.stop()
        }
        const parser: RequestParser = new RequestParser({ onHead: count, onData: count, onEnd: count }, 64 * 1024)
        for (const piece of cutAt(made.bytes.repeat(3), positions)) {
          const bytes = Buffer.from(piece, 'latin1')
          for (let at = 0; at < bytes.length; parser.next()) {
            const to = parser.push(bytes, at)
            if (to === at) break
            at = to
          }
        }
        expect(calls).toBeLessThanOrEqual(stopAfter + 1)
      }),
    )
  })
})

const LIMIT_BYTES = 6_000
const over = fc.constantFrom(-1, 0, 1, 2, 3, 4, 5, 5_000)
const fill = (text: string, bytes: number): string => text + 'a'.repeat(bytes - text.length)

describe('limits hold to the byte, however the bytes are cut', () => {
  test('of the head', () => {
    fc.assert(
      fc.property(over, cuts, fc.boolean(), (bytesOver, positions, isFirst) => {
        const head = fill('GET / HTTP/1.1\r\nHost: h\r\nX: ', LIMIT_BYTES + bytesOver)
        const before = isFirst ? '' : 'GET / HTTP/1.1\r\nHost: h\r\n\r\n\r\n'
        const { requests, refused } = readRequests(cutAt(`${before}${head}\r\n\r\n`, positions), LIMIT_BYTES)
        const taken = (isFirst ? 0 : 1) + (bytesOver <= 0 ? 1 : 0)
        const reason = bytesOver <= 0 ? null : 'the request head is over the limit (limits.headers)'
        expect([requests.length, refused]).toEqual([taken, reason])
      }),
    )
  })

  test('of trailers', () => {
    fc.assert(
      fc.property(over, cuts, (bytesOver, positions) => {
        const head = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
        const trailers = fill('X: ', LIMIT_BYTES + bytesOver)
        const { requests, refused } = readRequests(cutAt(`${head}0\r\n${trailers}\r\n\r\n`, positions), LIMIT_BYTES)
        const reason = bytesOver <= 0 ? null : `the trailers are over ${LIMIT_BYTES} bytes`
        expect([requests[0]?.whole, refused]).toEqual([bytesOver <= 0, reason])
      }),
    )
  })

  test('of the line before a chunk', () => {
    fc.assert(
      fc.property(over, cuts, (bytesOver, positions) => {
        const head = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
        // CR counts: it is the last character before the end of the line.
        const line = `${fill('1;', 4 * 1024 + bytesOver - 1)}\r`
        const { requests, refused } = readRequests(cutAt(`${head}${line}\nx\r\n0\r\n\r\n`, positions))
        const reason = bytesOver <= 0 ? null : 'the size of a chunk has too many characters'
        expect([requests[0]?.whole, refused]).toEqual([bytesOver <= 0, reason])
      }),
    )
  })
})
