import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../src/errors.ts'
import type { Arrivals } from '../../src/wire/arrivals.ts'
import {
  decodePairFrame,
  encodePairFrame,
  pairFrameBytes,
  type FrameLeg,
  type PairFrame,
} from '../../src/wire/pair-frame.ts'

const U16 = fc.integer({ min: 0, max: 0xffff })
const U32 = fc.integer({ min: 0, max: 0xffff_ffff })
const latin1 = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes).toString('latin1'))
const body = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))

const arrivals: fc.Arbitrary<Arrivals> = fc.record({
  points: fc.array(fc.tuple(U32, U32), { maxLength: 20 }).map(points => Uint32Array.from(points.flat())),
  missed: U32,
  heldUs: U32,
})

const frameLeg: fc.Arbitrary<FrameLeg> = fc.record({
  endpoint: U16,
  status: U16,
  error: fc.constantFrom(null, ...ERROR_CODES),
  latencyUs: U32,
  ttfbUs: U32,
  bytes: fc.maxSafeNat(),
  contentType: latin1,
  contentEncoding: latin1,
  headerLength: U32,
  capture: fc.constantFrom('complete', 'over_limit', 'let_go'),
  body,
  arrivals: fc.option(arrivals),
})

const sessionEnd = fc.constantFrom('whole', 'cut')

const pairFrame: fc.Arbitrary<PairFrame> = fc.record({
  revision: U32,
  experiment: U16,
  arrivedAtUs: fc.maxSafeNat(),
  sentFirst: fc.constantFrom('primary', 'shadow'),
  id: latin1,
  requestId: latin1,
  unit: latin1,
  hasControl: fc.boolean(),
  method: latin1,
  path: latin1,
  requestType: latin1,
  requestEncoding: latin1,
  requestBody: body,
  requestBytes: fc.maxSafeNat(),
  primary: frameLeg,
  shadow: frameLeg,
  sameAnswer: fc.constant(false),
  session: fc.option(fc.record({ primary: sessionEnd, shadow: sessionEnd })),
})

describe('pair frames', () => {
  test('any frames, packed one after another anywhere in a buffer, come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(pairFrame, { minLength: 1, maxLength: 5 }), fc.nat(64), (frames, start) => {
        const buffer = Buffer.alloc(start + frames.reduce((sum, frame) => sum + pairFrameBytes(frame), 0))
        const end = frames.reduce((offset, frame) => encodePairFrame(frame, buffer, offset), start)
        expect(end).toBe(buffer.length)
        let offset = start
        for (const frame of frames) {
          const decoded = decodePairFrame(buffer, offset)
          expect(decoded.frame).toEqual(frame)
          offset = decoded.next
        }
        expect(offset).toBe(end)
      }),
    )
  })

  test('equal answers cross once, and are both there on the other side', () => {
    fc.assert(
      fc.property(pairFrame, frame => {
        const once: PairFrame = { ...frame, sameAnswer: true, shadow: { ...frame.shadow, body: Buffer.alloc(0) } }
        const buffer = Buffer.alloc(pairFrameBytes(once))
        expect(encodePairFrame(once, buffer, 0)).toBe(buffer.length)
        const decoded = decodePairFrame(buffer, 0).frame
        expect(decoded).toEqual({ ...once, shadow: { ...frame.shadow, body: frame.primary.body } })
      }),
    )
  })

  test('bytes that end early are refused', () => {
    fc.assert(
      fc.property(pairFrame, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (frame, share) => {
        const buffer = Buffer.alloc(pairFrameBytes(frame))
        encodePairFrame(frame, buffer, 0)
        expect(() => decodePairFrame(buffer.subarray(0, Math.floor(buffer.length * share)), 0)).toThrow(RangeError)
      }),
    )
  })
})
