import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTarget, type Target } from '../../../../src/dataplane/http/target.ts'
import { ProxyError } from '../../../../src/errors.ts'

function accepted(target: string, host?: string): Target {
  const read = readTarget(target, host)
  if (read instanceof ProxyError) throw read
  return read
}

function refusal(target: string, host?: string): string {
  const read = readTarget(target, host)
  return read instanceof ProxyError ? read.code : 'accepted'
}

describe('origin form', () => {
  test('is split at the first question mark', () => {
    expect(accepted('/a/b?x=1?y=2', 'models.example')).toEqual({
      originForm: '/a/b?x=1?y=2',
      path: '/a/b',
      query: 'x=1?y=2',
      host: 'models.example',
    })
  })

  test.each(['/', '/?', '/p?', '/a//b', '//a', '/a%20b?q=%00', '/a;v=1/b', '/~!$&\'()*+,;=:@"<>[]^`{|}'])(
    '%s is forwarded as it is',
    target => {
      expect(accepted(target).originForm).toBe(target)
    },
  )

  test('of any kind, when accepted, is forwarded byte for byte and is its path and query', () => {
    const segment = fc.string({ unit: fc.constantFrom(...'abz019-._~%2eEfF5cC;/\\?&=+'.split('')) })
    fc.assert(
      fc.property(segment, segment, (path, query) => {
        const target = `/${path}?${query}`
        const read = readTarget(target, 'models.example')
        fc.pre(!(read instanceof ProxyError))
        expect(read.originForm).toBe(target)
        expect(`${read.path}?${read.query}`).toBe(target)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('absolute form', () => {
  test('wins over the Host header', () => {
    expect(accepted('http://Real.example:81/a?b', 'claimed.example')).toEqual({
      originForm: '/a?b',
      path: '/a',
      query: 'b',
      host: 'real.example:81',
    })
  })

  test.each([
    ['http://h', '/'],
    ['HTTPS://h/', '/'],
    ['http://h?x=1', '/?x=1'],
  ])('%s is %s', (target, originForm) => {
    expect(accepted(target, 'other').originForm).toBe(originForm)
    expect(accepted(target, 'other').host).toBe('h')
  })

  test.each(['http:///a', 'http://user@h/a', 'http://user:pw@h/', 'http://h:port/', 'http://a,b/', 'http://h/#top'])(
    '%s is refused',
    target => {
      expect(refusal(target, 'h')).toBe('BAD_REQUEST')
    },
  )
})

describe('dot segments', () => {
  test.each(['.', '..', '%2e', '%2E', '.%2e', '%2e%2E', '%2e.'])('"%s" is refused wherever it stands', dots => {
    for (const path of [`/${dots}`, `/a/${dots}`, `/a/${dots}/b`, `/${dots}/b`, `/a/${dots};x/b`]) {
      expect([path, refusal(path)]).toEqual([path, 'BAD_REQUEST'])
    }
    expect(refusal(`http://h/a/${dots}/b`)).toBe('BAD_REQUEST')
  })

  test('behind or before what some servers take for a slash are refused too', () => {
    for (const slash of ['%2f', '%2F', '\\', '%5c', '%5C']) {
      for (const path of [`/a${slash}..${slash}b`, `/a/..${slash}b`, `/a${slash}../b`]) {
        expect([path, refusal(path)]).toEqual([path, 'BAD_REQUEST'])
      }
    }
  })

  test.each(['/a..b', '/..a', '/a..', '/.well-known/x', '/...', '/a.b/c', '/v1.2%2e3/x', '/a?b=/../c', '/a?..'])(
    '%s has none',
    target => {
      expect(refusal(target)).toBe('accepted')
    },
  )
})

describe('what is not a path of visible characters', () => {
  test.each(['*', 'h:443', 'models.example', 'ftp://h/a', '', '?a'])('target "%s" is not implemented', target => {
    expect(refusal(target, 'h')).toBe('NOT_IMPLEMENTED')
  })

  test('is quoted in the detail, cut to 100 characters', () => {
    const read = readTarget('x'.repeat(500), 'h')
    expect(read).toBeInstanceOf(ProxyError)
    expect((read as ProxyError).message).toContain(`"${'x'.repeat(100)}..."`)
  })

  test.each(['/a b', '/a\tb', '/a\u0000', '/a\u007f', '/caf\u00e9', '/a#b', '/a\r\nx: y'])('%j is refused', target => {
    expect(refusal(target)).toBe('BAD_REQUEST')
  })
})

describe('the Host header', () => {
  test.each(['models.example', 'Models.Example:8080', '10.0.0.1:80', '[::1]', '[2001:db8::7]:443', 'a_b-c~d.e'])(
    '%s is taken in lower case',
    host => {
      expect(accepted('/', host).host).toBe(host.toLowerCase())
    },
  )

  test('may be absent or empty', () => {
    expect(accepted('/').host).toBe('')
    expect(accepted('/', '').host).toBe('')
  })

  test.each(['a b', 'a/b', 'a@b', 'a,b', 'a:b', 'a:1:2', '::1', '[::1', '[g::]', 'a?b', 'a:123456', 'häuser'])(
    '%s is refused',
    host => {
      expect(refusal('/', host)).toBe('BAD_REQUEST')
    },
  )
})
