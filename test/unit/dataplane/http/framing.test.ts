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
    ['no Host, as HTTP/1.0 allows', []],
  ])('is sound with %s', (_, headers) => {
    expect(check(headers)).toBeNull()
  })

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
