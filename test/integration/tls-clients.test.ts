import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { hasTool, runTool } from '../support/run-tool.ts'
import { selfSigned, signedBy } from '../support/self-signed.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

const folder = mkdtempSync(join(tmpdir(), 'understudy-tls-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const authority = selfSigned(['Server authority'])
const server = signedBy(authority, ['models.test', 'localhost'])
const clients = selfSigned(['Client authority'])
const known = signedBy(clients, ['known client'])
const stranger = signedBy(selfSigned(['Another authority']), ['stranger'])
const ca = file('ca.pem', authority.cert)
let upstream: UpstreamServer
let echo: WsUpstream
/** Serves everybody; asks for client certificates. */
let open: RunningUnderstudy
let strict: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream((request, respond) =>
    respond.reply(200, {}, `${request.header('host')} ${request.header('x-forwarded-proto')}`),
  )
  echo = await startWsUpstream()
  const config = (clientTls: object) => ({
    listen: { address: '127.0.0.1:0', tls: { cert: server.cert, key: server.key, ...clientTls } },
    upstreams: { v1: upstream.url, echo: echo.url },
    limits: { header_wait: '1s' },
    routes: [
      { name: 'ws', match: { path: '/ws' }, primary: 'echo' },
      { name: 'r', match: { prefix: '/' }, primary: 'v1' },
    ],
  })
  ;[open, strict] = await Promise.all([
    startUnderstudy(config({})),
    startUnderstudy(config({ ca: clients.cert, client_auth: true })),
  ])
})

afterAll(async () => {
  await Promise.all([open.stop(), strict.stop()])
  await Promise.all([upstream.stop(), echo.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const curl = (proxy: RunningUnderstudy, ...args: string[]) => {
  const to = `models.test:${proxy.port}`
  return runTool('curl', ['-sS', '--resolve', `${to}:127.0.0.1`, '--max-time', '5', ...args, `https://${to}/x`])
}
const sClient = (proxy: RunningUnderstudy, ...args: string[]) =>
  runTool('openssl', ['s_client', '-connect', `127.0.0.1:${proxy.port}`, ...args], 'Q\n')

describe.runIf(hasTool('curl') && hasTool('openssl'))('verified by OpenSSL and curl', () => {
  test('OpenSSL verifies the certificate and its name, and agrees on HTTP/1.1 by ALPN', async () => {
    const args = [
      '-CAfile',
      ca,
      '-servername',
      'models.test',
      '-verify_hostname',
      'models.test',
      '-verify_return_error',
    ]
    const { code, output } = await sClient(open, ...args, '-alpn', 'h2,http/1.1')
    expect(output).toContain('Verify return code: 0 (ok)')
    expect(output).toContain('ALPN protocol: http/1.1')
    expect(code).toBe(0)
    const wrong = await sClient(open, '-CAfile', ca, '-verify_hostname', 'other.test', '-verify_return_error')
    expect([wrong.code, wrong.output]).toEqual([1, expect.stringContaining('hostname mismatch')])
  })

  test('TLS 1.2 and 1.3 are spoken, older versions are not', async () => {
    const versions = ['-tls1', '-tls1_1', '-tls1_2', '-tls1_3']
    // OpenSSL itself offers the old ones only at its lowest security level.
    const args = ['-CAfile', ca, '-cipher', 'DEFAULT:@SECLEVEL=0']
    const codes = await Promise.all(versions.map(async version => (await sClient(open, version, ...args)).code))
    expect(codes).toEqual([1, 1, 0, 0])
  })

  test('curl is answered, and the upstream hears that it came by https', async () => {
    expect(await curl(open, '--cacert', ca)).toEqual({ code: 0, output: `models.test:${open.port} https` })
    expect((await curl(open)).code).toBe(60) // nobody vouches for the certificate
  })

  test('client certificates: one of the authority is let in, none and a strange one are not', async () => {
    const as = (name: string, { cert, key }: { cert: string; key: string }) =>
      curl(strict, '--cacert', ca, '--cert', file(`${name}.pem`, cert), '--key', file(`${name}.key`, key))
    expect(await as('known', known)).toEqual({ code: 0, output: `models.test:${strict.port} https` })
    const before = upstream.requestCount
    for (const refused of [await curl(strict, '--cacert', ca), await as('stranger', stranger)]) {
      // 35: the handshake failed. 52, 56: in TLS 1.3 the client is done with it before its certificate is judged.
      expect([35, 52, 56]).toContain(refused.code)
    }
    expect(upstream.requestCount).toBe(before)
    const { detail } = await strict.waitForLog(line => line.msg === 'TLS handshake failed')
    expect(detail).toBe('peer did not return a certificate')
    await eventually(async () => (await strict.readMetrics()).sum('understudy_errors_total', { route: '-' }) >= 2)
  })
})

describe('TLS for clients', () => {
  test('a WebSocket passes over TLS', async () => {
    const client = await openWebSocket(`https://localhost:${open.port}/ws`, { ca: authority.cert })
    client.send('hello')
    expect((await nextMessage(client)).data.toString()).toBe('hello')
    client.terminate()
  })

  test('client certificates: the name of the authority decides', async () => {
    const tls = { ca: authority.cert, servername: 'localhost' }
    const accepted = await connectRaw(strict.port, { tls: { ...tls, ...known } })
    accepted.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await accepted.readResponse()).body.toString()).toBe('h https')
    accepted.destroy()
    for (const shown of [{}, stranger]) {
      const client = await connectRaw(strict.port, { tls: { ...tls, ...shown } })
      client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
      expect((await client.readUntilClose()).bytes).toHaveLength(0)
    }
  })
})

describe('what is no TLS', () => {
  test('plain HTTP and garbage are cut, counted, and disturb nobody', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', '\x16\x03\x01\x00\x05hello', 'x'.repeat(2000)]) {
      const client = await connectRaw(open.port)
      client.send(bytes)
      await client.closed
      client.destroy()
    }
    expect((await curl(open, '--cacert', ca)).code).toBe(0)
    const refused = { route: '-', leg: 'client', code: 'BAD_REQUEST' }
    await eventually(async () => (await open.readMetrics()).sum('understudy_errors_total', refused) >= 3)
    await open.waitForLog(line => line.msg === 'TLS handshake failed' && line.code === 'BAD_REQUEST')
  })

  test('C7: a handshake that never ends is cut at header_wait', async () => {
    const client = await connectRaw(open.port)
    client.send('\x16\x03\x01')
    expect(['fin', 'reset']).toContain(await client.closed)
  })

  test('a client that resets in the middle of its handshake is forgotten', async () => {
    for (let i = 0; i < 5; i++) {
      const socket = connect({ host: '127.0.0.1', port: open.port, rejectUnauthorized: false })
      socket.on('error', () => {})
      socket.once('connect', () => socket.destroy())
      await new Promise(resolve => socket.once('close', resolve))
    }
    await eventually(async () => (await open.readMetrics()).value('understudy_connections') <= 1)
  })
})
