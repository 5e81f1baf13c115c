/**
 * While a changed file is being put in force, it can change once more: an editor that saves twice, an agent that writes a
 * certificate and then its key. After each reload the files were watched anew, from what they held by then, and a change
 * that was already noticed but not yet told was forgotten with the old watch: it stayed unread until the next one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startUnderstudy } from '../../src/control/start.ts'
import { getJson } from '../support/http-json.ts'
import { eventually } from '../support/within.ts'

test('a file that changes while it is reloaded is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-change-'))
  const configFile = join(folder, 'understudy.yaml')
  const write = (version: number): void => {
    const upstreams = { v1: { endpoints: 'http://127.0.0.1:1', version: String(version) } }
    const admin = { address: '127.0.0.1:0' }
    const log = { level: 'silent' }
    const config = { listen: '127.0.0.1:0', admin, log, upstreams, routes: [{ name: 'r', primary: 'v1' }] }
    writeFileSync(configFile, JSON.stringify(config))
  }
  write(1)
  const proxy = await startUnderstudy({ configFile, logLevel: 'silent', onFatal: message => expect(message).toBe('') })
  write(2)
  const reloading = proxy.reload('by the test')
  // It has read the file after two turns of the microtask queue, and waits for the threads.
  await Promise.resolve()
  await Promise.resolve()
  write(3)
  expect(await reloading).toMatchObject({ result: 'applied', changes: ['upstream v1: version 1 -> 2'] })
  await eventually(
    async () => ((await getJson(`${proxy.adminUrl}/api/v1/config`)) as { revision: number }).revision === 3,
  )
  await proxy.drain()
  rmSync(folder, { recursive: true, force: true })
})
