import { mkdtempSync, renameSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createHttpsServer, type Server } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { selfSigned, signedBy, type Certificate } from '../support/self-signed.ts'
import { eventually } from '../support/within.ts'

const folder = mkdtempSync(join(tmpdir(), 'understudy-renewal-'))
const authority = selfSigned(['Authority'])
const clientCa = selfSigned(['Client authority'])
const upstreamCa = selfSigned(['Upstream authority'])
let upstream: Server
let proxy: RunningUnderstudy

/** As an agent for certificates does it: a new file, renamed over the old one. */
function put(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text)
  renameSync(join(folder, `${name}.new`), join(folder, name))
}

/** As Kubernetes does it with a mounted secret: a new directory, and a link that is swapped. */
function mount({ cert, key }: Certificate, version: number): void {
  mkdirSync(join(folder, `..v${version}`))
  writeFileSync(join(folder, `..v${version}`, 'client.crt'), cert)
  writeFileSync(join(folder, `..v${version}`, 'client.key'), key)
  symlinkSync(`..v${version}`, join(folder, '..data.new'))
  renameSync(join(folder, '..data.new'), join(folder, '..data'))
}

beforeAll(async () => {
  const certificate = signedBy(authority, ['first', 'localhost'])
  put('server.crt', certificate.cert)
  put('server.key', certificate.key)
  put('upstream-ca.crt', upstreamCa.cert)
  mount(signedBy(clientCa, ['identity 1']), 1)
  for (const name of ['client.crt', 'client.key']) symlinkSync(`..data/${name}`, join(folder, name))
  upstream = createHttpsServer({ ...signedBy(upstreamCa), ca: clientCa.cert, requestCert: true }, (request, response) =>
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
  )
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const tls = {
    ca: join(folder, 'upstream-ca.crt'),
    cert: join(folder, 'client.crt'),
    key: join(folder, 'client.key'),
  }
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', tls: { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') } },
    upstreams: { v1: { endpoints: `https://localhost:${(upstream.address() as AddressInfo).port}`, tls } },
    routes: [{ name: 'r', match: { prefix: '/' }, primary: 'v1' }],
  })
})

afterAll(async () => {
  await proxy.stop()
  upstream.closeAllConnections()
  upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The name in the certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, servername: 'localhost', ca: authority.cert })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

async function ask(): Promise<{ status: number; body: string }> {
  const client = await connectRaw(proxy.port, { tls: { ca: authority.cert, servername: 'localhost' } })
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const { status, body } = await client.readResponse()
  client.destroy()
  return { status, body: body.toString() }
}

describe('certificates are read again when their files change', () => {
  test('new connections get the renewed one, open ones go on', async () => {
    const open = await connectRaw(proxy.port, { tls: { ca: authority.cert, servername: 'localhost' } })
    expect(await shown()).toBe('first')
    const second = signedBy(authority, ['second', 'localhost'])
    put('server.key', second.key)
    put('server.crt', second.cert)
    await eventually(async () => (await shown()) === 'second')
    open.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect((await open.readResponse()).body.toString()).toBe('identity 1')
    open.destroy()
  })

  test('G6: a certificate without its key is refused, the old pair stays until both are there', async () => {
    const third = signedBy(authority, ['third', 'localhost'])
    put('server.crt', third.cert)
    await proxy.waitForLog(line => line.msg.startsWith('configuration refused'))
    expect((await proxy.configState()).lastFailure?.problems.join('\n')).toContain('does not belong to the certificate')
    expect(await shown()).toBe('second')
    put('server.key', third.key)
    await eventually(async () => (await shown()) === 'third')
    expect((await proxy.configState()).lastFailure).toBe(null)
  })

  test('towards an upstream, a renewed client certificate is shown on new connections', async () => {
    expect(await ask()).toEqual({ status: 200, body: 'identity 1' })
    mount(signedBy(clientCa, ['identity 2']), 2)
    await eventually(async () => (await ask()).body === 'identity 2')
  })

  test('towards an upstream, the authority that is trusted can be replaced, and the old one is not trusted any more', async () => {
    const next = selfSigned(['Next upstream authority'])
    put('upstream-ca.crt', next.cert)
    await eventually(async () => (await ask()).status === 502)
    upstream.setSecureContext({ ...signedBy(next), ca: clientCa.cert })
    expect(await ask()).toEqual({ status: 200, body: 'identity 2' })
  })

  test('no key and no certificate has come into the log', () => {
    expect(JSON.stringify(proxy.log)).not.toContain('BEGIN')
  })
})
