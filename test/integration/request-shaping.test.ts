import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

async function answer(request: UpstreamRequest, respond: Respond): Promise<void> {
  await request.body
  respond.reply(200)
}

const route = (name: string, shaping: Record<string, unknown>) => ({
  name,
  match: { path: `/${name}` },
  primary: 'live',
  shadows: [{ upstream: 'copy', percent: 100, ...shaping }],
})

beforeAll(async () => {
  primary = await startUpstream(answer)
  shadow = await startUpstream(answer)
  proxy = await startUnderstudy({
    upstreams: { live: primary.url, copy: shadow.url },
    routes: [
      route('path', { path: '/v2/other' }),
      route('body', { set_body: { model: 'large', options: { seed: 1, user: null } }, max_body: '64KiB' }),
      route('credentials', { headers: { set: { authorization: 'Bearer test' }, remove: ['cookie', 'x-api-key'] } }),
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  await shadow.stop()
})

/** One request; `pieces` of its body are sent one after the other. */
async function send(target: string, lines: string[], ...pieces: (string | Buffer)[]): Promise<UpstreamRequest> {
  const before = primary.requests.length
  const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)
  const client = await connectRaw(proxy.port)
  client.send([`POST ${target} HTTP/1.1`, 'Host: h', `Content-Length: ${bytes}`, ...lines, '', ''].join('\r\n'))
  for (const piece of pieces) {
    client.send(piece)
    await sleep(20)
  }
  expect((await client.readResponse()).status).toBe(200)
  client.destroy()
  return primary.requests[before] as UpstreamRequest
}

/** The same, and its copy. */
async function exchange(target: string, lines: string[], ...pieces: (string | Buffer)[]) {
  const copies = shadow.requests.length
  const live = await send(target, lines, ...pieces)
  return { live, copy: await eventually(() => shadow.requests[copies]) }
}

const textOf = async (request: UpstreamRequest): Promise<string | undefined> => (await request.body).data?.toString()
const dropped = async (reason: string): Promise<number> =>
  (await proxy.readMetrics()).value('understudy_shadow_dropped_total', { route: 'body', reason })

describe('a path of its own', () => {
  test.each([
    ['/path', '/v2/other'],
    ['/path?a=1&b=?', '/v2/other?a=1&b=?'],
    ['/path?', '/v2/other?'],
  ])('is what the copy of %s asks for, with the query', async (asked, own) => {
    const { live, copy } = await exchange(asked, [], '{}')
    expect([live.target, copy.target]).toEqual([asked, own])
  })
})

describe('set_body', () => {
  const body = '{ "model": "small", "id": 12345678901234567890, "options": {"user":"u", "t":1.0} }\n'
  const patched = '{ "model": "large", "id": 12345678901234567890, "options": {"t":1.0,"seed":1} }\n'
  const digest = 'Content-Digest: sha-256=:abc=:'

  test('changes the fields it names in the copy, and no byte of what the primary gets', async () => {
    const { live, copy } = await exchange('/body', [digest, 'Content-Type: application/json'], body)
    expect([await textOf(live), await textOf(copy)]).toEqual([body, patched])
    expect(copy.headerAll('content-length')).toEqual([String(patched.length)])
    expect([live.header('content-digest'), copy.header('content-digest')]).toEqual(['sha-256=:abc=:', undefined])
    expect(copy.header('content-type')).toBe('application/json')
  })

  test('does so where the body arrives in pieces, and is streamed to the primary', async () => {
    const long = JSON.stringify({ filler: 'x'.repeat(20_000), model: 'small' })
    const { live, copy } = await exchange('/body', [], long.slice(0, 9_000), long.slice(9_000))
    expect(await textOf(live)).toBe(long)
    expect(await textOf(copy)).toBe(`${long.slice(0, -8)}"large","options":{"seed":1}}`)
  })

  test('leaves a request without a body as it is', async () => {
    const { copy } = await exchange('/body', [])
    expect([copy.header('content-length'), await textOf(copy)]).toEqual(['0', ''])
  })

  test.each<[string, string[], string | Buffer]>([
    ['is no JSON', [], '{"model":'],
    ['is compressed', ['Content-Encoding: gzip'], gzipSync('{"model":"small"}')],
    ['has binary tensors behind it', ['Inference-Header-Content-Length: 17'], '{"model":"small"}'],
  ])('is no reason to hold up a request whose body %s: its copy is dropped and counted', async (_, lines, sent) => {
    const [before, copies] = [await dropped('not_json'), shadow.requestCount]
    const live = await send('/body', lines, sent)
    expect((await live.body).data).toEqual(Buffer.from(sent))
    await eventually(async () => ((await dropped('not_json')) === before + 1 ? true : undefined))
    expect(shadow.requestCount).toBe(copies)
  })

  test('does not lift max_body', async () => {
    const before = await dropped('body_limit')
    const long = JSON.stringify({ filler: 'x'.repeat(65_536) })
    expect(await textOf(await send('/body', [], long))).toBe(long)
    await eventually(async () => ((await dropped('body_limit')) === before + 1 ? true : undefined))
  })
})

test('an idempotency key is that of the request and of the shadow, in any case', async () => {
  const { live, copy } = await exchange('/path', ['IDEMPOTENCY-key: "k-1"'], '{}')
  expect([live.header('idempotency-key'), copy.header('idempotency-key')]).toEqual(['"k-1"', '"k-1-shadow-copy"'])
})

const credentials = (request: UpstreamRequest) =>
  ['authorization', 'cookie', 'x-api-key'].map(name => request.headerAll(name))

test('credentials are replaced or dropped by header rules, for the copy alone', async () => {
  const { live, copy } = await exchange('/credentials', ['authorization: Bearer live', 'Cookie: c=1', 'X-Api-Key: k'])
  expect(credentials(live)).toEqual([['Bearer live'], ['c=1'], ['k']])
  expect(credentials(copy)).toEqual([['Bearer test'], [], []])
})
