import { describe, expect, test } from 'vitest'
import { PairBodies } from '../../../src/analysis/pair-bodies.ts'
import type { FrameLeg, PairFrame, SessionEnds } from '../../../src/wire/pair-frame.ts'
import { leg, pairFrame } from '../../support/pairs.ts'
import { Deflation, frame } from '../../support/websocket-frames.ts'

const MASK = Buffer.from([1, 2, 3, 4])
const CLOSE = frame(Buffer.from([3, 232]), { opcode: 8 })

/** A leg whose server sent these text messages. */
function said(...texts: (string | Buffer)[]): FrameLeg {
  const frames = texts.map(text => (Buffer.isBuffer(text) ? text : frame(Buffer.from(text), { opcode: 1 })))
  return leg(Buffer.concat(frames), { status: 101, contentType: '' })
}

function bodiesOf(primary: FrameLeg, shadow: FrameLeg, session: SessionEnds, changes: Partial<PairFrame> = {}) {
  const bodies = new PairBodies(pairFrame(primary, shadow, { session, ...changes }))
  return [bodies.primary(), bodies.shadow()].map(each => (each.kind === 'body' ? each.body.toString() : each.reason))
}

const CUT: SessionEnds = { primary: 'cut', shadow: 'cut' }
const WHOLE: SessionEnds = { primary: 'whole', shadow: 'whole' }

describe('the bodies of a session', () => {
  test('are lists: JSON to the digit, other text as a string, bytes in base64', () => {
    const json = '{"id":12345678901234567890,"x":1.0}'
    const binary = frame(Buffer.from([0, 255]), { opcode: 2 })
    const side = said(json, 'hello "you"', binary, '', 'null')
    const list = `[${json},"hello \\"you\\"",{"base64":"AP8="},"",null]`
    expect(bodiesOf(side, side, WHOLE)).toEqual([list, list])
  })

  test('of the client are unmasked and unpacked', () => {
    const deflation = new Deflation()
    const asked = ['{"q":1}', '{"q":1}'].map(text =>
      frame(deflation.deflate(Buffer.from(text)), { opcode: 1, isCompressed: true, mask: MASK }),
    )
    const request = new PairBodies(
      pairFrame(said(), said(), {
        session: CUT,
        requestBody: Buffer.concat(asked),
        requestEncoding: 'permessage-deflate; client_max_window_bits=15',
      }),
    ).request()
    expect(request).toEqual({ kind: 'body', body: Buffer.from('[{"q":1},{"q":1}]') })
  })

  test.each<[string, SessionEnds, string[], string[], string, string]>([
    ['both were cut', CUT, ['1', '2', '3'], ['1', '2'], '[1,2]', '[1,2]'],
    ['the shorter one was cut', { primary: 'cut', shadow: 'whole' }, ['1'], ['1', '2'], '[1]', '[1]'],
    ['the shadow had no more to say', { primary: 'cut', shadow: 'whole' }, ['1', '2'], ['1'], '[1,2]', '[1]'],
    ['the primary had no more to say', { primary: 'whole', shadow: 'cut' }, ['1'], ['1', '2'], '[1]', '[1,2]'],
    ['both ended', WHOLE, ['1', '2'], ['1'], '[1,2]', '[1]'],
    ['nobody said anything', CUT, [], [], '[]', '[]'],
    ['one had said nothing yet', CUT, ['1'], [], 'truncated', 'truncated'],
    ['one had nothing to say', WHOLE, ['1'], [], '[1]', '[]'],
  ])('are compared as far as both are known: %s', (_, ends, ours, theirs, primary, shadow) => {
    expect(bodiesOf(said(...ours, CLOSE), said(...theirs, CLOSE), ends)).toEqual([primary, shadow])
  })

  test('are cut at a message that one side had only begun, however it ended', () => {
    const begun = frame(Buffer.from('222222'), { opcode: 1 }).subarray(0, 4)
    expect(bodiesOf(said('1', '2'), said('1', begun), WHOLE)).toEqual(['[1]', '[1]'])
    expect(bodiesOf(said(begun), said(), CUT)).toEqual(['truncated', 'truncated'])
  })

  test('of a leg that failed are all there is, of both', () => {
    const failed = { ...said('1'), error: 'UPSTREAM_RESET' } as const
    expect(bodiesOf(said('1', '2'), failed, { primary: 'cut', shadow: 'cut' })).toEqual(['[1,2]', '[1]'])
  })

  test('say what is wrong with one side', () => {
    const odd = frame(Buffer.from('x'), { opcode: 3 })
    expect(bodiesOf(said('1'), said(odd), WHOLE)).toEqual(['[1]', 'invalid_payload'])
    expect(bodiesOf(said('1'), said(frame(Buffer.from([0xff]), { opcode: 1 })), WHOLE)).toEqual(['[1]', 'not_text'])
    const compressed = { ...said('1'), contentEncoding: 'x-webkit-deflate-frame' }
    expect(bodiesOf(said('1'), compressed, WHOLE)).toEqual(['[1]', 'unknown_encoding'])
  })
})
