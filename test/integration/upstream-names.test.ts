import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { eventually } from '../support/within.ts'

const FAKE_DNS = new URL('../support/fake-dns.ts', import.meta.url).href
const NAME = 'models.test'

const directory = mkdtempSync(join(tmpdir(), 'understudy-dns-'))
const file = join(directory, 'names.json')
const pointTo = (address: string): void => writeFileSync(file, JSON.stringify({ [NAME]: address }))

let old: Server
let fresh: Server
let proxy: RunningUnderstudy
let client: SteadyClient

/** A server on an address of its own; both have the same port, as replicas behind one name do. */
async function serve(address: string, port: number): Promise<Server> {
  const server = createServer((_request, response) => response.end(address))
  server.keepAliveTimeout = 60_000
  server.listen(port, address)
  await once(server, 'listening')
  return server
}

beforeAll(async () => {
  old = await serve('127.0.0.11', 0)
  const { port } = old.address() as AddressInfo
  fresh = await serve('127.0.0.12', port)
  pointTo('127.0.0.11')
  proxy = await startUnderstudy(
    {
      listen: { address: '127.0.0.1:0', threads: 1 },
      upstreams: { v1: { endpoints: `http://${NAME}:${port}`, connections: 4 } },
      routes: [{ name: 'r', primary: 'v1' }],
    },
    { env: { NODE_OPTIONS: `--import ${FAKE_DNS}`, FAKE_DNS: file } },
  )
  client = new SteadyClient(proxy.url, 1)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  for (const server of [old, fresh]) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(directory, { recursive: true, force: true })
})

const answeredBy = async (): Promise<string> => (await client.post('/', '{}')).body.toString()

test('a name is looked up again for each new connection; those that are open stay', async () => {
  expect(await answeredBy()).toBe('127.0.0.11')
  pointTo('127.0.0.12')
  expect(await answeredBy()).toBe('127.0.0.11')
  old.closeIdleConnections()
  await eventually(async () => (await answeredBy()) === '127.0.0.12')
})

test('a name that is gone is UPSTREAM_CONNECT, and found when it is back', async () => {
  writeFileSync(file, '{}')
  fresh.closeIdleConnections()
  await eventually(async () => {
    const { status, body } = await client.post('/', '{}')
    expect([status, (JSON.parse(body.toString()) as { code: string }).code]).toEqual([502, 'UPSTREAM_CONNECT'])
    return true
  })
  pointTo('127.0.0.11')
  await eventually(async () => (await answeredBy()) === '127.0.0.11')
})

test('while the resolver does not answer, a name is where it was last', async () => {
  pointTo('127.0.0.11')
  await eventually(async () => (await answeredBy()) === '127.0.0.11')
  pointTo('hangs')
  for (let i = 0; i < 3; i++) {
    old.closeIdleConnections()
    expect(await answeredBy()).toBe('127.0.0.11')
  }
})
