import { describe, expect, test } from 'vitest'
import { acceptFor, agreementOf, isSameAgreement } from '../../../../src/dataplane/http/websocket-handshake.ts'

test('acceptFor gives the answer of RFC 6455 §1.3 to its key', () => {
  expect(acceptFor('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

function same(one: string, other: string): boolean {
  return isSameAgreement({ extensions: one, protocol: '' }, { extensions: other, protocol: '' })
}

describe('isSameAgreement', () => {
  test.each([
    ['', ''],
    ['permessage-deflate; client_max_window_bits=15', 'Permessage-Deflate;client_max_window_bits="15"'],
    ['permessage-deflate; a; b=1', 'permessage-deflate; b=1; a'],
    ['x, y', 'x,y'],
  ])('of "%s" and "%s": frames mean the same', (one, other) => {
    expect(same(one, other)).toBe(true)
  })

  test.each([
    ['', 'permessage-deflate'],
    ['permessage-deflate', 'permessage-deflate; client_no_context_takeover'],
    ['permessage-deflate; client_max_window_bits=15', 'permessage-deflate; client_max_window_bits=12'],
    ['x, y', 'y, x'],
  ])('of "%s" and "%s": they do not', (one, other) => {
    expect(same(one, other)).toBe(false)
  })

  test('asks for the subprotocol to the letter, none being one', () => {
    expect(isSameAgreement(agreementOf({ 'sec-websocket-protocol': 'chat' }), agreementOf({}))).toBe(false)
    expect(isSameAgreement(agreementOf({}), agreementOf({}))).toBe(true)
  })
})
