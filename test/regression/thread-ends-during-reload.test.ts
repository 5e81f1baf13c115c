/**
 * A new configuration is in force when every thread has said that it has it. A thread that ended in between never said so:
 * the reload waited for ever, and with it every one behind it, a rollback of the canary too. Its successor has the new
 * configuration anyway, or is told again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { startUnderstudy, type Understudy } from '../../src/control/start.ts'
import { within } from '../support/within.ts'

const folder = mkdtempSync(join(tmpdir(), 'understudy-ended-'))
const configFile = join(folder, 'understudy.yaml')
let proxy: Understudy

function write(version: number): void {
  const upstreams = { v1: { endpoints: 'http://127.0.0.1:1', version: String(version) } }
  const [listen, admin] = [{ address: '127.0.0.1:0', threads: 2 }, { address: '127.0.0.1:0' }]
  const config = { listen, admin, log: { level: 'silent' }, upstreams, routes: [{ name: 'r', primary: 'v1' }] }
  writeFileSync(configFile, JSON.stringify(config))
}

afterEach(async () => {
  vi.restoreAllMocks()
  await proxy.drain()
  rmSync(folder, { recursive: true, force: true })
})

/** The proxy runs inside this process: a thread can only be ended by the process it belongs to. */
test('a reload and the next one come to an end when threads end in the middle', async () => {
  write(1)
  proxy = await startUnderstudy({ configFile, onFatal: message => expect(message).toBe('') })
  const post = Reflect.get(Worker.prototype, 'postMessage') as (this: Worker, ...sent: unknown[]) => void
  const ended: Promise<number>[] = []
  let told = 0
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message, transfer) {
    // Analysis is told first, then its successor, then the two data-plane threads.
    const mustEnd = (message as { readonly kind: string }).kind === 'snapshot' && [1, 3].includes(++told)
    if (mustEnd) ended.push(this.terminate())
    else post.call(this, message, transfer)
  })
  write(2)
  const reloaded = await within(proxy.reload('by the test'), 10_000, 'the reload did not end')
  expect(reloaded).toMatchObject({ result: 'applied', revision: 2 })
  expect(ended).toHaveLength(2)
  write(3)
  expect(await within(proxy.reload('by the test'), 10_000, 'the next reload did not end')).toMatchObject({
    revision: 3,
  })
})
