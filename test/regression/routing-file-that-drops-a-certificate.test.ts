/**
 * The watch of the files took any missing one for a replacement in progress and waited for the next event, for all of them:
 * who removed a certificate and changed the routing file that named it had the change ignored for as long as the
 * certificate stayed away, without a line in the log. Now a file that stays missing is a change, and the loader says what it
 * means.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'
import { selfSigned } from '../support/self-signed.ts'

const config = (tls: object) => ({
  upstreams: { v1: { endpoints: 'https://127.0.0.1:1', tls } },
  routes: [{ name: 'r', primary: 'v1' }],
})

test('a routing file changed after the certificate it no longer names was removed is applied', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-certificates-'))
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, selfSigned().cert)
  const proxy = await startUnderstudy(config({ ca }))
  onTestFinished(async () => {
    await proxy.stop()
    rmSync(folder, { recursive: true })
  })
  rmSync(ca)
  const refused = await proxy.waitForLog(line => line.msg.startsWith('configuration refused'), 10_000)
  expect(refused['problems']).toContain('does not exist')
  proxy.writeConfig(config({ insecure: true }))
  await proxy.waitForLog(line => line.msg === 'configuration applied', 10_000)
})
