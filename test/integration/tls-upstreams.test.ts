import { once } from 'node:events'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned, signedBy } from '../support/self-signed.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const authority = selfSigned(['Private authority'])
const certificate = signedBy(authority, ['localhost', 'models.test'])
const nameless = signedBy(authority, ['other.test'])
const clientCa = selfSigned(['Client authority'])
const identity = signedBy(clientCa, ['understudy'])
/** The names clients asked for in their handshakes; null for none. */
const asked: (string | null)[] = []
const servers: UpstreamServer[] = []
let trusted: UpstreamServer
let picky: HttpsServer
let silent: Server
let proxy: RunningUnderstudy
let client: SteadyClient

const start = async (tls?: TlsOptions): Promise<UpstreamServer> => {
  const server = await startUpstream(
    (request, respond) => respond.reply(200, {}, `hello ${request.header('host')}`),
    tls === undefined ? {} : { tls },
  )
  servers.push(server)
  return server
}
const named = (port: number): string => `https://localhost:${port}`
const listening = async (server: Server | HttpsServer): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  trusted = await start({
    ...certificate,
    SNICallback: (name, done) => {
      asked.push(name)
      done(null, createSecureContext(certificate))
    },
  })
  const unknown = await start(selfSigned())
  const expired = await start(signedBy(authority, ['localhost'], -2))
  const misnamed = await start({ ...nameless })
  const plain = await start()
  picky = createHttpsServer({ ...certificate, ca: clientCa.cert, requestCert: true }, (request, response) =>
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
  )
  const pickyPort = await listening(picky)
  silent = createServer(() => {})
  const silentPort = await listening(silent)
  const ca = authority.cert
  const upstreams: Record<string, object> = {
    trusted: { endpoints: named(trusted.port), tls: { ca } },
    address: { endpoints: trusted.url, tls: { ca } },
    renamed: { endpoints: trusted.url, tls: { ca, servername: 'models.test' } },
    unknown: { endpoints: named(unknown.port) },
    insecure: { endpoints: named(unknown.port), tls: { insecure: true } },
    expired: { endpoints: named(expired.port), tls: { ca } },
    misnamed: { endpoints: named(misnamed.port), tls: { ca } },
    plain: { endpoints: named(plain.port), tls: { ca } },
    reversed: { endpoints: `http://localhost:${trusted.port}` },
    silent: { endpoints: named(silentPort), tls: { ca }, timeouts: { connect: '500ms' } },
    identified: { endpoints: named(pickyPort), tls: { ca, cert: identity.cert, key: identity.key } },
    anonymous: { endpoints: named(pickyPort), tls: { ca } },
  }
  proxy = await startUnderstudy({
    upstreams,
    routes: [
      ...Object.keys(upstreams).map(name => ({ name, match: { path: `/${name}` }, primary: name })),
      {
        name: 'shadowed',
        match: { path: '/shadowed' },
        primary: 'trusted',
        shadows: ['unknown', 'anonymous'].map(upstream => ({ upstream, percent: 100 })),
      },
    ],
  })
  client = new SteadyClient(proxy.url, 4)
})

afterAll(async () => {
  client.close()
  await proxy.stop()
  picky.close()
  silent.close()
  await Promise.all(servers.map(server => server.stop()))
})

describe('TLS to upstreams', () => {
  test('a private authority is trusted; the name asked for is the host, a literal, or none for an address', async () => {
    for (const path of ['/trusted', '/renamed', '/address']) {
      expect((await client.post(path, '{}')).status).toBe(200)
    }
    expect(asked).toEqual(['localhost', 'models.test'])
    expect(trusted.connections.opened).toBe(3)
    expect(proxy.output).toEqual([]) // Node warns of addresses as server names
  })

  test('keep-alive connections outlive requests for ever changing hosts', async () => {
    const before = trusted.connections.opened
    for (const path of ['/trusted', '/address', '/renamed']) {
      for (const host of ['a.test', '10.0.0.1', 'b.test:81', '[::1]:80', 'localhost']) {
        const answer = await client.post(path, '{}', { host })
        expect([answer.status, answer.body.toString()]).toEqual([200, `hello ${host}`])
      }
    }
    expect(trusted.connections.opened).toBe(before)
  })

  test('a client certificate is shown to a server that asks for one', async () => {
    expect((await client.post('/identified', '{}')).body.toString()).toBe('understudy')
  })

  test.each([
    ['a certificate nobody vouches for', 'unknown', 'UPSTREAM_TLS'],
    ['an expired certificate', 'expired', 'UPSTREAM_TLS'],
    ['a certificate for another name', 'misnamed', 'UPSTREAM_TLS'],
    ['no TLS', 'plain', 'UPSTREAM_TLS'],
    ['a handshake that never ends', 'silent', 'UPSTREAM_CONNECT'],
    ['TLS where the file says http', 'reversed', 'UPSTREAM_RESET|UPSTREAM_PROTOCOL'],
  ])('an upstream with %s is answered for with 502', async (_what, name, codes) => {
    for (let i = 0; i < 2; i++) {
      const answer = await client.post(`/${name}`, '{}')
      const problem = JSON.parse(answer.body.toString())
      expect([answer.status, answer.headers['content-type']]).toEqual([502, 'application/problem+json'])
      expect(problem.code).toMatch(new RegExp(`^(?:${codes})$`))
      expect(problem.detail).toContain(name)
      expect(problem.detail).not.toMatch(/localhost|127\.0\.0\.1/)
    }
  })

  test('every failure is counted, and no other', async () => {
    await eventually(async () => {
      const errors = (await proxy.readMetrics()).find('understudy_errors_total').filter(({ value }) => value > 0)
      const counted = new Map(errors.map(({ labels, value }) => [`${labels.route} ${labels.leg}`, value]))
      const names = ['unknown', 'expired', 'misnamed', 'plain', 'silent', 'reversed']
      expect(counted).toEqual(new Map(names.map(name => [`${name} primary`, 2])))
      return true
    })
  })

  test('`insecure` accepts what cannot be verified, and the log says so at the start', async () => {
    expect((await client.post('/insecure', '{}')).status).toBe(200)
    expect(proxy.log.filter(line => line.level === 'warn' && line.upstream === 'insecure')).toHaveLength(1)
  })

  test('E1: a shadow whose TLS fails changes nothing for the client', async () => {
    const raw = await connectRaw(proxy.port)
    for (let i = 0; i < 5; i++) {
      raw.send('POST /shadowed HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}')
      const response = await raw.readResponse()
      expect([response.status, response.body.toString()]).toEqual([200, 'hello h'])
    }
    raw.destroy()
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      const shadowed = { route: 'shadowed', leg: 'shadow', code: 'UPSTREAM_TLS' }
      // Not every copy: one that cannot be reached is given a rest.
      expect(metrics.sum('understudy_errors_total', shadowed)).toBeGreaterThanOrEqual(1)
      expect(metrics.sum('understudy_sampled_total', { route: 'shadowed' })).toBe(10)
      return true
    })
  })
})
