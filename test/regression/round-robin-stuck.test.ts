/**
 * Whether a failed request may be sent again was decided after another endpoint had been picked for it. A POST that must not
 * be repeated took that endpoint's turn all the same, so that with three endpoints every request went to the same one as
 * long as it failed. Leaving out an endpoint shifted the turns of the others in the same way.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

const ROUNDS = 4

let servers: UpstreamServer[]
let proxy: RunningUnderstudy
let client: SteadyClient

beforeAll(async () => {
  servers = await Promise.all([0, 1, 2].map(() => startUpstream((_request, respond) => respond.reset())))
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 1 },
    upstreams: {
      v1: { endpoints: servers.map(server => server.url), balance: 'round-robin', outlier: { errors: 100_000 } },
    },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  client = new SteadyClient(proxy.url, 1)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all(servers.map(server => server.stop()))
})

test('requests that fail go round the endpoints like those that do not', async () => {
  for (let i = 0; i < ROUNDS * servers.length; i++) expect((await client.post('/', '{}')).status).toBe(502)
  expect(servers.map(server => server.requestCount)).toEqual([ROUNDS, ROUNDS, ROUNDS])
})
