import { afterAll, beforeAll, expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/** What a pair record carries of the bodies, although equal answers cross to the analysis thread once and long requests cut. */
const MAX_BODY = 1024
const JSON_TYPE = { 'content-type': 'application/json' }

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
let client: SteadyClient

const routing = (bodies: 'always' | 'on-disagreement') => ({
  upstreams: { v1: primary.url, v2: shadow.url },
  routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
  record: { bodies, max_body: `${MAX_BODY}`, redact: [] },
})

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, '{"label":1}'))
  shadow = await startUpstream((request, respond) =>
    respond.reply(200, JSON_TYPE, request.target === '/same' ? '{"label":1}' : '{"label":2}'),
  )
  proxy = await startUnderstudy(routing('on-disagreement'))
  client = new SteadyClient(proxy.url, 1)
})
afterAll(async () => {
  client.close()
  await proxy.stop()
  await Promise.all([primary.stop(), shadow.stop()])
})

async function recordOf(path: string, body: string): Promise<Record<string, unknown>> {
  const id = `request-${path}-${body.length}-${Math.random()}`
  await client.post(path, body, { 'x-request-id': id })
  return await eventually(() => {
    const lines = readFileSync(join(proxy.directory, 'understudy-pairs.ndjson'), 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Record<string, unknown>).find(record => record['requestId'] === id)
  })
}

const answers = (shadowLabel: number) => ({ primary: { label: 1 }, shadow: { label: shadowLabel } })

test('on disagreement: all three, where the answers differ', async () => {
  expect((await recordOf('/other', '{"x":1}'))['bodies']).toEqual({ request: { x: 1 }, ...answers(2) })
})

test('on disagreement: none, where the answers are equal', async () => {
  const record = await recordOf('/same', '{"x":1}')
  expect(record['bodies']).toBeUndefined()
  expect(record['comparison']).toMatchObject({ result: 'agree', metrics: { identical_bytes: 1 } })
  expect(record['shadow']).toMatchObject({ bytes: 11 })
})

test('a request over max_body: its beginning, cut between two characters, and its length', async () => {
  const body = `${'a'.repeat(MAX_BODY - 1)}é${'b'.repeat(200_000)}`
  expect((await recordOf('/other', body))['bodies']).toMatchObject({
    request: { encoding: 'utf8', data: 'a'.repeat(MAX_BODY - 1), truncated: true, bytes: MAX_BODY + 1 + 200_000 },
  })
})

test('always: all three, where the answers are equal too', async () => {
  await proxy.reload(routing('always'))
  expect((await recordOf('/same', '{"x":1}'))['bodies']).toEqual({ request: { x: 1 }, ...answers(1) })
})
