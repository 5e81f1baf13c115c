import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { SMALLEST, writeFiles } from '../config/routing-files.ts'
import { understudy } from './command-line.ts'

/** What `serve` says of an address it cannot listen on. */
async function hintFor(address: string): Promise<string | undefined> {
  const file = writeFiles({ 'routing.yaml': SMALLEST.replace('127.0.0.1:8080', address) })
  const { code, stderr } = await understudy(['serve', '-c', file])
  expect([code, stderr]).toEqual([2, expect.stringContaining(`listen: cannot listen on ${address}: `)])
  return /hint: (.*)/.exec(stderr)?.[1]
}

test('the hint for an address that cannot be used is about its cause', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const taken = `127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await hintFor(taken)).toBe('stop the process that uses it, or choose another address')
  expect(await hintFor('192.0.2.1:8080')).toMatch(/^no interface of this machine has that address/)
  expect(await hintFor('nobody.invalid:8080')).toMatch(/^that host name is not known here/)
})
