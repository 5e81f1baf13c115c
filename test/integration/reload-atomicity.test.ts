import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HttpStatusError, postJson } from '../support/http-json.ts'
import { connectRaw, type RawClient } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
let before: UpstreamServer
let after: UpstreamServer
let proxy: RunningUnderstudy
let client: RawClient
/** Requests to `/held` wait in the first upstream. */
const held: Respond[] = []

const config = (upstream: UpstreamServer, more: object = {}) => ({
  upstreams: { v1: upstream.url },
  routes: [{ name: 'r', match: { prefix: '/' }, primary: 'v1' }],
  ...more,
})
const ask = async (): Promise<string> => {
  client.send(GET)
  return (await client.readResponse()).body.toString()
}

beforeAll(async () => {
  before = await startUpstream((request, respond) => {
    if (request.target === '/held') held.push(respond)
    else respond.reply(200, {}, 'before')
  })
  after = await startUpstream((_request, respond) => respond.reply(200, {}, 'after'))
  proxy = await startUnderstudy(config(before))
  client = await connectRaw(proxy.port)
})

afterAll(async () => {
  client.destroy()
  await proxy.stop()
  await Promise.all([before.stop(), after.stop()])
})

describe('G6: a configuration is taken whole or not at all', () => {
  test.each([
    ['is no YAML', 'upstreams: {v1: [', /:1:\d+/],
    ['has an unknown key', { ...configWith({ shadow: [] }) }, /shadow.*\n.*shadows/s],
    ['leaves a percentage out', { ...configWith({ shadows: [{ upstream: 'v1' }] }) }, /percent/],
    ['names an upstream that is not there', { ...configWith({ primary: 'v9' }) }, /v9/],
    ['moves the listener', { ...configWith({}), listen: '127.0.0.1:1' }, /listen: address .* \(needs a restart\)/],
  ])('a file that %s changes nothing, and the log and the API say why', async (_what, file, why) => {
    proxy.writeConfig(file)
    proxy.signal('SIGHUP')
    // The watch of the file may tell of the one before only now: what counts is what is said in the end.
    await eventually(async () => {
      const { revision, lastFailure } = await proxy.configState()
      expect([revision, lastFailure?.problems.join('\n')]).toEqual([1, expect.stringMatching(why)])
      return true
    })
    expect(await ask()).toBe('before')
    const said = { msg: expect.stringMatching('^configuration refused'), problems: expect.stringMatching(why) }
    expect(proxy.log).toContainEqual(expect.objectContaining({ level: 'error', revision: 1, ...said }))
  })

  test('the API answers a refused reload with its problems', async () => {
    proxy.writeConfig('routes: []')
    const refused = await postJson(`${proxy.adminUrl}/api/v1/reload`, {}).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(HttpStatusError)
    expect((refused as HttpStatusError).body).toContain('upstreams')
    const { problems } = JSON.parse((refused as HttpStatusError).body) as { problems: string[] }
    // Each with its hint.
    expect(problems.filter(each => each.includes('understudy.yaml:'))).toEqual(problems)
    expect(await ask()).toBe('before')
  })

  test('every refusal is counted', async () => {
    await eventually(async () => {
      const metrics = await proxy.readMetrics()
      const refusals = proxy.log.filter(line => line.msg.startsWith('configuration refused')).length
      expect(refusals).toBeGreaterThanOrEqual(6)
      expect(metrics.value('understudy_config_reload_failures_total')).toBe(refusals)
      expect(metrics.value('understudy_config_revision_info', { revision: '1' })).toBe(1)
      return true
    })
  })
})

describe('a new configuration is for new requests', () => {
  test('those under way finish on the old one, whose connections then close', async () => {
    const waiting = await connectRaw(proxy.port)
    waiting.send('GET /held HTTP/1.1\r\nHost: h\r\n\r\n')
    const streaming = await connectRaw(proxy.port)
    streaming.send('GET /held HTTP/1.1\r\nHost: h\r\n\r\n')
    await eventually(() => held.length === 2)
    held[1]?.head(200)
    held[1]?.write('first, ')
    await eventually(() => streaming.receivedBytes > 0)
    await takenAs(2, config(after))
    expect(await ask()).toBe('after')
    expect(before.connections.open).toBeGreaterThanOrEqual(2)
    held[0]?.reply(200, {}, 'before')
    expect((await waiting.readResponse()).body.toString()).toBe('before')
    held[1]?.write('second')
    held[1]?.end()
    expect((await streaming.readResponse()).body.toString()).toBe('first, second')
    await eventually(() => before.connections.open === 0)
    waiting.send(GET)
    expect((await waiting.readResponse()).body.toString()).toBe('after')
    waiting.destroy()
    streaming.destroy()
  })

  test('an upstream that stays as it was keeps its connections', async () => {
    const opened = after.connections.opened
    await takenAs(3, config(after, { limits: { idle: '60s' } }))
    expect(await ask()).toBe('after')
    expect(after.connections.opened).toBe(opened)
  })
})

async function takenAs(revision: number, file: Record<string, unknown>): Promise<void> {
  proxy.writeConfig(file)
  proxy.signal('SIGHUP')
  await eventually(async () => {
    const state = await proxy.configState()
    return state.revision === revision && state.lastFailure === null
  })
}

function configWith(route: object) {
  return { upstreams: { v1: 'http://127.0.0.1:1' }, routes: [{ name: 'r', primary: 'v1', ...route }] }
}
