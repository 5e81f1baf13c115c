import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokenAnswer, madeAnswer } from '../support/answer-arbitrary.ts'
import { readAnswer } from '../support/answer-log.ts'
import { cutAt, cuts } from '../support/message-arbitrary.ts'

describe('AnswerParser', () => {
  test('finds in an answer exactly what was put into it, however it is cut', () => {
    fc.assert(
      fc.property(madeAnswer, cuts, (made, positions) => {
        const log = readAnswer(cutAt(made.bytes, positions), { method: made.method, closed: made.untilClose })
        expect(log.heard.slice(0, made.interims.length + 1)).toEqual([
          ...made.interims.map(status => `interim ${status}`),
          `head ${made.status}`,
        ])
        expect(log.head?.reason).toBe(made.reason)
        expect(log.head?.fields.slice(0, made.fields.length)).toEqual(made.fields)
        expect([log.body, log.trailers, log.ends]).toEqual([made.body, made.trailers, 1])
      }),
      { numRuns: 2_000 },
    )
  })

  test('comes to the same of any bytes, however they are cut, and to no more than one end', () => {
    let refused = 0
    let whole = 0
    fc.assert(
      fc.property(brokenAnswer, cuts, fc.boolean(), ({ method, bytes }, positions, closed) => {
        // Nothing but an AnswerError is thrown: readAnswer passes everything else on.
        const log = readAnswer(bytes, { method, closed })
        const pieces = readAnswer(cutAt(bytes, positions), { method, closed })
        expect(log.ends).toBeLessThan(2)
        // What is behind an answer is counted only where it came with the end of it, and nothing is behind a mistake.
        expect(withoutRest(pieces.heard)).toEqual(withoutRest(log.heard))
        expect([pieces.body, pieces.trailers, pieces.head]).toEqual([log.body, log.trailers, log.head])
        if (log.ends > 0) whole++
        if (log.heard.includes('refused')) refused++
      }),
      { numRuns: 5_000 },
    )
    // The mistakes are neither all fatal nor all harmless.
    expect(Math.min(refused, whole)).toBeGreaterThan(500)
  })
})

function withoutRest(heard: readonly string[]): string[] {
  return heard.map(each => (each.startsWith('end') ? each.replace(/ \+\d+$/, '') : each))
}
