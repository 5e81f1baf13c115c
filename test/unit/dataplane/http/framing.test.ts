import { describe, expect, test } from 'vitest'
import { checkFraming } from '../../../../src/dataplane/http/framing.ts'
import { FakeDownstream } from '../../../support/fake-downstream.ts'

function check(rawHeaders: readonly string[], httpVersion = '1.1'): string | null {
  const client = new FakeDownstream(rawHeaders)
  client.httpVersion = httpVersion
  return checkFraming(client)?.code ?? null
}

describe('framing', () => {
  test.each([
    ['no body', ['Host', 'h']],
    ['a length', ['Host', 'h', 'Content-Length', '3']],
    ['chunked', ['Host', 'h', 'Transfer-Encoding', 'chunked']],
    ['chunked in capitals', ['Host', 'h', 'Transfer-Encoding', 'CHUNKED']],
    ['headers whose names only look like Host', ['Host', 'h', 'Hosts', 'x', 'X-Host', 'y']],
    ['an expectation that can be met', ['Host', 'h', 'Expect', '100-Continue']],
  ])('is sound with %s', (_, headers) => {
    expect(check(headers)).toBeNull()
  })

  test('is sound without Host and with any expectation before HTTP/1.1', () => {
    expect(check([], '1.0')).toBeNull()
    expect(check(['Expect', 'anything'], '1.0')).toBeNull()
  })

  test('without Host in HTTP/1.1 is refused', () => {
    expect(check(['Accept', 'a'])).toBe('BAD_REQUEST')
  })

  test.each(['0.9', '2.0', '1.2'])('of HTTP/%s is refused', version => {
    expect(check(['Host', 'h'], version)).toBe('BAD_REQUEST')
  })

  test.each(['', 'something', '100-continue, something', '100-continued', 'x100-continue'])(
    'with the expectation "%s" is refused',
    expectation => {
      expect(check(['Host', 'h', 'Expect', expectation])).toBe('EXPECTATION_FAILED')
    },
  )

  test.each(['gzip, chunked', 'chunked, gzip', 'gzip', 'identity', 'chunked, chunked', 'chunked;q=1', 'xchunked', ''])(
    'with Transfer-Encoding "%s" is not implemented',
    coding => {
      expect(check(['Host', 'h', 'Transfer-Encoding', coding])).toBe('NOT_IMPLEMENTED')
    },
  )

  test('with Transfer-Encoding in two lines is not implemented', () => {
    expect(check(['Host', 'h', 'Transfer-Encoding', 'gzip', 'Transfer-Encoding', 'chunked'])).toBe('NOT_IMPLEMENTED')
  })

  test.each(['1.0', '0.9'])('with Transfer-Encoding before HTTP/1.1 (%s) is refused', version => {
    expect(check(['Transfer-Encoding', 'chunked'], version)).toBe('BAD_REQUEST')
  })

  test.each([
    ['different', ['Host', 'a', 'Host', 'b']],
    ['equal', ['Host', 'a', 'Host', 'a']],
    ['in another case', ['host', 'a', 'X', '1', 'HOST', 'a']],
  ])('with two Host headers is refused: %s', (_, headers) => {
    expect(check(headers)).toBe('BAD_REQUEST')
  })
})
