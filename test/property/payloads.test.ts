import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparePair } from '../../src/analysis/compare/compare-pair.ts'
import { PairBodies } from '../../src/analysis/pair-bodies.ts'
import { parseJson } from '../../src/analysis/payloads/json.ts'
import { parseTolerantJson } from '../../src/analysis/payloads/tolerant-json.ts'
import { PAYLOAD_KINDS, TASK_KINDS } from '../../src/config/snapshot.ts'
import { capturedAnswer } from '../support/captures.ts'
import { mutated, mutation } from '../support/mutated-answers.ts'
import { capturedLeg, comparePlan, experimentPlan, INFER_PATH, leg, pairFrame } from '../support/pairs.ts'

const CAPTURES = [
  'mlserver-triton-json',
  'mlserver-curl-proba-gzipresp',
  'mlserver-curl-500',
  'triton-json',
  'triton-bin',
  'triton-curl-400',
  'kserve-v1-predict',
  'llamacpp-openai-js',
  'llamacpp-curl-sse',
].map(name => ({ ...capturedLeg(capturedAnswer(name)), status: 200 }))

/** The outcome for two JSON texts without any tolerance. */
function compared(primary: string, shadow: string): string {
  const frame = pairFrame(leg(primary), leg(shadow), { path: '/any' })
  const experiment = experimentPlan({ compare: comparePlan({ tolerance: { absolute: 0, relative: 0 } }) })
  return comparePair(frame, experiment, new PairBodies(frame), () => {}).result
}

/** Integers of which the tolerant parser would make bigints are left out where the two parsers are compared. */
function hasNoLongInteger(value: unknown): boolean {
  return !/\d{16,}/.test(JSON.stringify(value))
}

function accepts(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}

describe('decoders and comparators', () => {
  test('take mutated answers of real servers without failing: each has an outcome that a record can carry', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CAPTURES),
        fc.array(mutation, { maxLength: 4 }),
        fc.array(mutation, { maxLength: 4 }),
        fc.constantFrom(...PAYLOAD_KINDS),
        fc.constantFrom(...TASK_KINDS),
        fc.constantFrom(INFER_PATH, '/v1/models/digits:predict', '/v1/chat/completions', '/any'),
        (answer, ours, theirs, payload, task, path) => {
          const [primary, shadow] = [ours, theirs].map(mutations => {
            const body = mutated(answer.body, mutations)
            return { ...answer, body, bytes: body.length }
          }) as [typeof answer, typeof answer]
          const frame = pairFrame(primary, shadow, { path })
          const experiment = experimentPlan({ compare: comparePlan({ payload, task }) })
          const comparison = comparePair(frame, experiment, new PairBodies(frame), (_level, message, fields) => {
            throw new Error(`${message}: ${JSON.stringify(fields)}`)
          })
          expect(comparison.reason).not.toBe('failed')
          expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('any JSON agrees with itself however it is written, and any two are told the same either way round', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(compared(JSON.stringify(one), JSON.stringify(one, null, 1))).toBe('agree')
        const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
        expect(compared(a, b)).toBe(compared(b, a))
      }),
    )
  })
})

describe('the tolerant JSON parser', () => {
  test('reads any JSON as the engine does', () => {
    fc.assert(
      fc.property(fc.jsonValue().filter(hasNoLongInteger), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(JSON.stringify(parseTolerantJson(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  test('accepts nothing else but its own tokens', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', ']', '"', '0', '.', '-', 'e'), (text, at, inserted) => {
        const start = at % (text.length + 1)
        const broken = text.slice(0, start) + inserted + text.slice(start + 1)
        expect(accepts(() => parseTolerantJson(broken))).toBe(accepts(() => JSON.parse(broken)))
      }),
    )
  })

  test('keeps any two integers apart', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), integer => {
        const parsed = parseJson(Buffer.from(`[${integer},${integer + 1n}]`))
        expect(parsed).toMatchObject({ kind: 'json' })
        const [one, next] = (parsed as { value: (number | bigint)[] }).value
        expect([String(one), String(next)]).toEqual([String(integer), String(integer + 1n)])
      }),
    )
  })
})
