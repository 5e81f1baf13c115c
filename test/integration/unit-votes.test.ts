import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const SESSIONS = 30
const REQUESTS_OF_A_SESSION = 5

let servers: UpstreamServer[]
let proxy: RunningUnderstudy

beforeAll(async () => {
  servers = await Promise.all(
    [1, 2].map(label => startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, `{"label":${label}}`))),
  )
  const [v1, v2] = servers.map(server => server.url)
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: { v1, v2 },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100 }],
        unit: 'header:x-session-id',
        verdict: { warm_up: '0s' },
      },
    ],
  })
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

test('all pairs of a session are counted, and have one vote together', async () => {
  const client = new SteadyClient(proxy.url, 4)
  for (let request = 0; request < REQUESTS_OF_A_SESSION; request++) {
    for (let session = 0; session < SESSIONS; session++) {
      await client.post('/', '{}', { 'x-session-id': `session-${session}` })
    }
  }
  // Without the header each is its own unit.
  for (let i = 0; i < 7; i++) await client.post('/', '{}')
  client.close()
  const url = `${proxy.adminUrl}/api/v1/experiments/r.v2`
  const pairs = SESSIONS * REQUESTS_OF_A_SESSION + 7
  await eventually(async () => {
    const { counts } = (await getJson(url)) as { counts: { outcomes: { disagree: number } } }
    return counts.outcomes.disagree === pairs
  }, 10_000)
  const gate = await eventually(async () => {
    const view = (await getJson(`${url}/verdict`)) as VerdictView
    const agreement = view.gates.find(({ id }) => id === 'agreement')
    // The judge waits for two more seconds of windows, in which nothing arrives here.
    if (agreement?.n !== SESSIONS + 7) await pushWindows()
    return agreement?.n === SESSIONS + 7 ? agreement : undefined
  }, 15_000)
  expect(gate.estimate).toBe(0)
})

/** Requests of a session that has voted: they make windows, and no votes. */
async function pushWindows(): Promise<void> {
  const client = new SteadyClient(proxy.url, 1)
  await client.post('/', '{}', { 'x-session-id': 'session-0' })
  client.close()
  await sleep(500)
}
