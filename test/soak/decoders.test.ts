import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTimed, mutatedAnswer } from '../support/mutated-answers.ts'
import { expectLawful } from '../support/payload-laws.ts'

const ANSWERS = 100_000
const LIMIT_MS = 50

test(`no decoder throws, breaks its laws or takes over ${LIMIT_MS} ms on ${ANSWERS} broken answers of real servers`, () => {
  const counts = new Map<string, number>()
  let slowestMs = 0
  fc.assert(
    fc.property(mutatedAnswer, answer => {
      const { decoded, ms } = decodeTimed(answer, LIMIT_MS)
      slowestMs = Math.max(slowestMs, ms)
      expect(ms).toBeLessThan(LIMIT_MS)
      if (decoded !== null) expectLawful(decoded)
      const kind = decoded === null ? 'not unpacked' : decoded.payload.kind
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }),
    { numRuns: ANSWERS },
  )
  console.log(`slowest ${slowestMs.toFixed(1)} ms;`, Object.fromEntries(counts))
})
