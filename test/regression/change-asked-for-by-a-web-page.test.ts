/**
 * On loopback the admin API needs no token. A web page may have the browser send a POST to any address, with JSON as plain
 * text and without asking first; it cannot read the answer, but the canary was at 100 percent, or the verdict overridden.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestAdmin } from '../support/admin.ts'
import { canaryPlan, routePlan, shadowPlan } from '../support/plans.ts'
import { connectRaw } from '../support/raw-client.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const CHANGE = JSON.stringify({ percent: 100, verdict: 'PROMOTE', actor: 'ada', reason: 'looks good' })
const CHANGES = ['/api/v1/routes/churn/canary', `/api/v1/experiments/${EXPERIMENT}/override`, '/api/v1/reload']

let admin: TestAdmin

beforeEach(async () => {
  admin = await new TestAdmin({ routes: [routePlan({ canary: canaryPlan(), shadows: [shadowPlan()] })] }).start()
})
afterEach(() => admin.server.close())

async function statusOf(path: string, origin: string | null): Promise<number> {
  const { host, port } = new URL(admin.url)
  const client = await connectRaw(Number(port))
  const fields = `host: ${host}\r\n${origin === null ? '' : `origin: ${origin}\r\n`}content-type: text/plain\r\n`
  client.send(`POST ${path} HTTP/1.1\r\n${fields}content-length: ${CHANGE.length}\r\n\r\n${CHANGE}`)
  const { status } = await client.readResponse()
  client.destroy()
  return status
}

test.each(CHANGES)('POST %s of a page of another site is refused, and changes nothing', async path => {
  for (const origin of ['https://attacker.example', 'http://127.0.0.1:1', 'null']) {
    expect([origin, await statusOf(path, origin)]).toEqual([origin, 403])
  }
  expect([admin.asked, admin.state.overrides.get(EXPERIMENT)]).toEqual([[], null])
})

test.each(CHANGES)('POST %s of a program, and of a page of this address, is taken', async path => {
  expect([await statusOf(path, null), await statusOf(path, admin.url)]).toEqual([200, 200])
})
