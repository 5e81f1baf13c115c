import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstTokens, recordedFirstTokens } from '../../src/analysis/first-token.ts'
import { legStream } from '../../src/analysis/stream-timing.ts'
import type { FrameLeg } from '../../src/wire/pair-frame.ts'
import { leg } from '../support/pairs.ts'

const piece = fc.constantFrom(
  'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
  'data: {"choices":[{"delta":{"role":"assistant"}}]}\r\n\r\n',
  'data: {"choi',
  'data: [DONE]\n\n',
  ': ping\n\n',
  '{"response":"a"}\n',
  '{"response":""}\n',
  '\r',
)

const answer: fc.Arbitrary<FrameLeg> = fc
  .record({
    pieces: fc.array(piece, { maxLength: 8 }),
    timed: fc.nat(8),
    isStream: fc.boolean(),
    contentType: fc.constantFrom('text/event-stream', 'application/x-ndjson'),
    contentEncoding: fc.constantFrom('', '', 'gzip'),
    capture: fc.constantFrom<FrameLeg['capture']>('complete', 'complete', 'over_limit'),
    status: fc.constantFrom(200, 404),
  })
  .map(({ pieces, timed, isStream, ...rest }) => {
    let bytes = 0
    const points = pieces.slice(0, timed).flatMap((text, i) => [(bytes += text.length), (i + 1) * 1_000])
    const arrivals = { points: Uint32Array.from(points), missed: Math.max(0, pieces.length - timed), heldUs: 0 }
    return leg(pieces.join(''), { ...rest, arrivals: isStream ? arrivals : null })
  })

const recorded = (each: FrameLeg) => ({ status: each.status, latencyUs: each.latencyUs, stream: legStream(each) })

test('a record says the same of the first tokens as its window counted', () => {
  fc.assert(
    fc.property(answer, answer, (primary, shadow) => {
      expect(recordedFirstTokens(recorded(primary), recorded(shadow))).toEqual(firstTokens(primary, shadow))
    }),
    { numRuns: 500 },
  )
})
