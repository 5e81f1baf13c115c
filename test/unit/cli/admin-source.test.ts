import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { askAdmin } from '../../../src/cli/admin-source.ts'

/** Where a server answers everything with this. */
async function answering(status: number, body: string): Promise<URL> {
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function whyNot(admin: URL, token?: string): Promise<string> {
  const asked = await askAdmin({ admin, token }, '/')
  return asked.kind === 'failed' ? asked.why.replaceAll(admin.origin, 'ADMIN') : 'answered'
}

test('a missing and a wrong token are said to be that, with the way to give one', async () => {
  const admin = await answering(401, '{"error":"this needs the header"}')
  expect(await whyNot(admin)).toBe('ADMIN needs its admin.token: give --token, or set UNDERSTUDY_TOKEN')
  expect(await whyNot(admin, 'wrong')).toBe(
    'ADMIN does not take this token: --token, or else UNDERSTUDY_TOKEN, must be its admin.token',
  )
})

test('a refusal is told in its own words, and one that is not ours as that', async () => {
  expect(await whyNot(await answering(404, '{"error":"no experiment \\"x\\""}'))).toBe(
    'ADMIN answered 404: no experiment "x"',
  )
  expect(await whyNot(await answering(502, 'Bad Gateway'))).toBe(
    'ADMIN answers, but not like the admin address of Understudy; is --admin right? (its status was 502)',
  )
})

test('TLS to a plain server is said without the words of OpenSSL', async () => {
  const { port } = await answering(200, '{}')
  const admin = new URL(`https://127.0.0.1:${port}`)
  expect(await whyNot(admin)).toBe(
    'cannot reach the admin address ADMIN (it does not speak TLS: use http://); is it running, and is --admin right?',
  )
})
