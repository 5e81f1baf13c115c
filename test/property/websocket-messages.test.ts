import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMessages } from '../../src/analysis/payloads/websocket-messages.ts'
import { Deflation, fragmented, frame, type SentMessage } from '../support/websocket-frames.ts'

const length = fc.oneof(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000), fc.nat(300))
const message: fc.Arbitrary<SentMessage> = fc
  .record({ kind: fc.constantFrom('text', 'binary'), length, text: fc.string({ unit: 'binary', minLength: 1 }) })
  .map(({ kind, length, text }) => ({ kind, data: kind === 'text' ? utf8(text, length) : Buffer.alloc(length, text) }))
const share = fc.double({ min: 0, max: 1, noNaN: true })
const mask = fc.option(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytes => Buffer.from(bytes)),
  { nil: undefined },
)
const sent = fc.record({
  message,
  cuts: fc.array(share, { maxLength: 3 }),
  mask,
  isCompressed: fc.boolean(),
  /** Between its frames. */
  pings: fc.boolean(),
})

/** Whole characters only. */
function utf8(text: string, bytes: number): Buffer {
  return Buffer.from(
    text
      .toWellFormed()
      .repeat(Math.ceil(bytes / text.length))
      .slice(0, bytes)
      .toWellFormed(),
  )
}

function encoded(all: readonly (typeof sent extends fc.Arbitrary<infer T> ? T : never)[]): Buffer[] {
  const deflation = new Deflation()
  return all.flatMap(({ message, cuts, mask, isCompressed, pings }) => {
    const head = mask === undefined ? { isCompressed } : { isCompressed, mask }
    const data = isCompressed ? deflation.deflate(message.data) : message.data
    const frames = fragmented({ kind: message.kind, data }, cuts, head)
    return pings ? frames.flatMap(each => [frame(Buffer.from('?'), { opcode: 9 }), each]) : frames
  })
}

describe('decodeMessages', () => {
  test('gives back any messages, however they are cut into frames, masked, compressed or mixed with pings', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 6 }), fc.boolean(), (all, closes) => {
        const close = closes ? [frame(Buffer.from([3, 232]), { opcode: 8 }), Buffer.from('behind the end')] : []
        const decoded = decodeMessages(Buffer.concat([...encoded(all), ...close]), 'permessage-deflate')
        expect(decoded).toEqual({ kind: 'messages', messages: all.map(({ message }) => message), isCut: false })
      }),
      { numRuns: 200 },
    )
  })

  test('of bytes that end anywhere, gives the messages that are whole and says that there was more', () => {
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 4 }), share, (all, where) => {
        const frames = encoded(all)
        const bytes = Buffer.concat(frames)
        const at = Math.floor(where * (bytes.length - 1))
        const decoded = decodeMessages(bytes.subarray(0, at), 'permessage-deflate; client_max_window_bits=15')
        if (decoded.kind !== 'messages') throw new Error(decoded.detail)
        expect(decoded.messages).toEqual(all.slice(0, decoded.messages.length).map(({ message }) => message))
        const whole = encoded(all.slice(0, decoded.messages.length)).reduce((sum, { length }) => sum + length, 0)
        expect(whole).toBeLessThanOrEqual(at)
        expect(decoded.messages.length).toBeLessThan(all.length)
        expect(decoded.isCut).toBe(isWithinMessage(frames, at, whole))
      }),
      { numRuns: 200 },
    )
  })

  test('never throws on random bytes', () => {
    const extensions = fc.constantFrom('', 'permessage-deflate', 'permessage-deflate; server_no_context_takeover')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), extensions, (bytes, extensions) => {
        expect(decodeMessages(Buffer.from(bytes), extensions).kind).toMatch(/^(messages|failed)$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('never throws on broken ones of its own', () => {
    const flip = fc.record({ at: share, bit: fc.nat(7) })
    fc.assert(
      fc.property(fc.array(sent, { minLength: 1, maxLength: 3 }), fc.array(flip, { minLength: 1 }), (all, flips) => {
        const bytes = Buffer.concat(encoded(all))
        for (const { at, bit } of flips) {
          const index = Math.floor(at * (bytes.length - 1))
          bytes[index] = (bytes[index] as number) ^ (1 << bit)
        }
        expect(decodeMessages(bytes, 'permessage-deflate').kind).toMatch(/^(messages|failed)$/)
      }),
      { numRuns: 300 },
    )
  })
})

/** Whether something of a message, or of any frame, is there beyond what makes `whole` bytes of messages. */
function isWithinMessage(frames: readonly Buffer[], at: number, whole: number): boolean {
  let end = 0
  let open = false
  for (const each of frames) {
    if (end + each.length > at) return open || at > end
    end += each.length
    if (end > whole && ((each[0] as number) & 0x0f) < 8) open = true
  }
  return open
}
