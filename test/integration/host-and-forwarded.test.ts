import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { HAS_IPV6 } from '../support/ipv6.ts'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let secure: UpstreamServer
let proxy: RunningUnderstudy
/** The names that clients of the TLS upstream asked for. */
const asked: (string | false | null)[] = []

const route = (name: string, upstream: string, copy = 'copy') => ({
  name,
  match: { path: `/${name}` },
  primary: upstream,
  shadows: [{ upstream: copy, percent: 100 }],
})

beforeAll(async () => {
  const certificate = selfSigned(['localhost', 'models.internal'])
  primary = await startUpstream((_request, respond) => respond.reply(200))
  shadow = await startUpstream((_request, respond) => respond.reply(200))
  secure = await startUpstream((_request, respond) => respond.reply(200), {
    tls: {
      cert: certificate.cert,
      key: certificate.key,
      SNICallback: (name, done) => {
        asked.push(name)
        done(null)
      },
    },
  })
  const tls = { ca: certificate.cert }
  const byName = secure.url.replace('127.0.0.1', 'localhost')
  proxy = await startUnderstudy({
    upstreams: {
      preserve: primary.url,
      upstream: { endpoints: primary.url, host: 'upstream' },
      literal: { endpoints: primary.url, host: 'models.internal:8443' },
      copy: shadow.url,
      tls: { endpoints: byName, tls },
      'tls-named': { endpoints: secure.url, host: 'other.example', tls: { ...tls, servername: 'models.internal' } },
      'copy-upstream': { endpoints: shadow.url, host: 'upstream' },
      'copy-literal': { endpoints: shadow.url, host: 'shadow.internal:8443' },
      'copy-tls': { endpoints: byName, tls },
      'copy-tls-named': {
        endpoints: secure.url,
        host: 'other.example',
        tls: { ...tls, servername: 'models.internal' },
      },
    },
    routes: [
      { name: 'by-host', match: { host: 'routed.example' }, primary: 'literal' },
      ...['preserve', 'upstream', 'literal', 'tls', 'tls-named'].map(name => route(name, name)),
      // A primary of another policy: a copy that took its Host from there would show.
      ...['upstream', 'literal', 'tls', 'tls-named'].map(name => route(`copy-${name}`, 'preserve', `copy-${name}`)),
      route('both', 'literal', 'copy-upstream'),
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  for (const server of [primary, shadow, secure]) await server.stop()
})

interface Seen {
  readonly live: UpstreamRequest
  readonly copy: UpstreamRequest
}

async function exchange(
  target: string,
  lines: readonly string[],
  server = primary,
  copyServer = shadow,
): Promise<Seen> {
  const [before, copies] = [server.requests.length, copyServer.requests.length]
  const client = await connectRaw(proxy.port)
  client.send(`GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  expect((await client.readResponse()).status).toBe(200)
  client.destroy()
  return { live: server.requests[before] as UpstreamRequest, copy: await eventually(() => copyServer.requests[copies]) }
}

describe('A7: a target in absolute form', () => {
  test.each([
    'http://Target.example:81/preserve?a=1',
    'HTTP://target.EXAMPLE:81/preserve?a=1',
    'https://target.example:81/preserve?a=1',
  ])('wins over Host, for the route and on both legs: %s', async target => {
    const { live, copy } = await exchange(target, ['Host: host.example'])
    for (const leg of [live, copy]) {
      expect(leg.target).toBe('/preserve?a=1')
      expect(leg.headerAll('host')).toEqual(['target.example:81'])
      expect(leg.headerAll('x-forwarded-host')).toEqual(['target.example:81'])
    }
  })

  test('chooses the route by its own host', async () => {
    const before = primary.requests.length
    const client = await connectRaw(proxy.port)
    client.send('GET http://routed.example/x HTTP/1.1\r\nHost: host.example\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    client.send('GET http://host.example/x HTTP/1.1\r\nHost: routed.example\r\n\r\n')
    expect((await client.readResponse()).status).toBe(404)
    client.destroy()
    expect(primary.requests.slice(before).map(each => each.header('x-forwarded-host'))).toEqual(['routed.example'])
  })

  test.each(['*', 'host.example:80', 'ftp://h/x', 'http:///x', 'http://u@h/x', 'http://h:99999999/x', 'x'])(
    'or any other form that names no path of ours is refused: %s',
    async target => {
      const before = primary.requestCount + shadow.requestCount
      const client = await connectRaw(proxy.port)
      client.send(`OPTIONS ${target} HTTP/1.1\r\nHost: h\r\n\r\n`)
      const answer = await client.readResponse()
      client.destroy()
      expect([400, 501]).toContain(answer.status)
      expect(primary.requestCount + shadow.requestCount).toBe(before)
    },
  )
})

describe('B5: who the client is', () => {
  test('is said by the proxy alone: what the client claims is replaced', async () => {
    const claims = [
      'X-Forwarded-For: 10.0.0.1, 10.0.0.2',
      'x-forwarded-for: 10.0.0.3',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil.example',
      'Forwarded: for=10.0.0.1;proto=https',
    ]
    const { live, copy } = await exchange('/preserve', ['Host: h.example', ...claims])
    for (const leg of [live, copy]) {
      expect(leg.headerAll('x-forwarded-for')).toEqual(['127.0.0.1'])
      expect(leg.headerAll('x-forwarded-proto')).toEqual(['http'])
      expect(leg.headerAll('x-forwarded-host')).toEqual(['h.example'])
      expect(leg.headerAll('forwarded')).toEqual([])
    }
  })
})

describe('B6: the Host of each leg', () => {
  test.each(['models.example', 'models.example:8080', '[::1]:8080', '[2001:db8::7]', '192.0.2.7:81'])(
    'follows the policy of its upstream: %s',
    async host => {
      const policies = [
        ['/preserve', host],
        ['/upstream', `127.0.0.1:${primary.port}`],
        ['/literal', 'models.internal:8443'],
      ] as const
      for (const [path, expected] of policies) {
        const { live, copy } = await exchange(path, [`Host: ${host}`])
        expect([live.headerAll('host'), live.header('x-forwarded-host')]).toEqual([[expected], host])
        // Whatever the primary gets: the copy is marked by a header, its host is its own upstream's affair.
        expect([copy.headerAll('host'), copy.header('x-understudy-role')]).toEqual([[host], 'shadow'])
      }
    },
  )

  test('of the shadow follows its own upstream, whatever the primary gets', async () => {
    for (const host of ['models.example', '[2001:db8::7]:8080']) {
      const policies = [
        ['/copy-upstream', host, `127.0.0.1:${shadow.port}`],
        ['/copy-literal', host, 'shadow.internal:8443'],
        ['/both', 'models.internal:8443', `127.0.0.1:${shadow.port}`],
      ] as const
      for (const [path, expected, copied] of policies) {
        const { live, copy } = await exchange(path, [`Host: ${host}`])
        expect([live.headerAll('host'), copy.headerAll('host')]).toEqual([[expected], [copied]])
        expect(copy.headerAll('x-forwarded-host')).toEqual([host])
      }
    }
  })

  test.skipIf(!HAS_IPV6)('of an endpoint that is an IPv6 address has its brackets and its port', async () => {
    const upstream = await startUpstream((_request, respond) => respond.reply(200), { host: '::1' })
    const six = await startUnderstudy({
      upstreams: { v6: { endpoints: upstream.url, host: 'upstream' } },
      routes: [{ name: 'r', primary: 'v6' }],
    })
    onTestFinished(async () => {
      await six.stop()
      await upstream.stop()
    })
    const client = await connectRaw(six.port)
    client.send('GET / HTTP/1.1\r\nHost: models.example\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    client.destroy()
    expect(upstream.requests.map(each => each.headerAll('host'))).toEqual([[`[::1]:${upstream.port}`]])
  })

  test('an HTTP/1.0 request without one gets that of the endpoint', async () => {
    const before = primary.requests.length
    const client = await connectRaw(proxy.port)
    client.send('GET /preserve HTTP/1.0\r\n\r\n')
    expect((await client.readResponse()).status).toBe(200)
    const live = primary.requests[before]
    expect([live?.headerAll('host'), live?.headerAll('x-forwarded-host')]).toEqual([[`127.0.0.1:${primary.port}`], []])
  })

  test('the name asked for in TLS is that of the endpoint or the configured one, never one of the client', async () => {
    for (const [path, name, host] of [
      ['/tls', 'localhost', 'models.example'],
      ['/tls-named', 'models.internal', 'other.example'],
    ] as const) {
      asked.length = 0
      const { live } = await exchange(path, ['Host: models.example'], secure)
      expect([asked, live.header('host')]).toEqual([[name], host])
      // Another Host does not cost a new connection.
      await exchange(path, ['Host: second.example'], secure)
      expect(asked).toEqual([name])
    }
  })

  test('so it is where the copies go over TLS', async () => {
    for (const [path, name, host] of [
      ['/copy-tls', 'localhost', 'models.example'],
      ['/copy-tls-named', 'models.internal', 'other.example'],
    ] as const) {
      asked.length = 0
      const { live, copy } = await exchange(path, ['Host: models.example'], primary, secure)
      expect([asked, live.header('host'), copy.headerAll('host')]).toEqual([[name], 'models.example', [host]])
      expect(copy.header('x-understudy-role')).toBe('shadow')
    }
  })
})
