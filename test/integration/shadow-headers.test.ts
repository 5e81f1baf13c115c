import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

let primary: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy

const route = (name: string, headers: Record<string, unknown>) => ({
  name,
  match: { path: `/${name}` },
  primary: 'live',
  shadows: [{ upstream: 'copy', percent: 100, headers }],
})

beforeAll(async () => {
  primary = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200)
  })
  shadow = await startUpstream(async (request, respond) => {
    await request.body
    respond.reply(200)
  })
  proxy = await startUnderstudy({
    upstreams: {
      live: { endpoints: primary.url, headers: { set: { 'x-tenant': 'live' } } },
      copy: { endpoints: shadow.url, host: 'shadow.internal', headers: { set: { 'x-tenant': 'copy' } } },
      // The same server as `copy`: where it is the primary, it must not look like a shadow.
      both: { endpoints: shadow.url },
    },
    routes: [
      route('plain', {}),
      route('keep', { remove: [] }),
      route('replace', { set: { authorization: 'Bearer shadow', 'x-dry-run': '1' }, remove: ['cookie'] }),
      { name: 'turned', match: { path: '/turned' }, primary: 'both' },
    ],
  })
})

afterAll(async () => {
  await proxy.stop()
  await primary.stop()
  await shadow.stop()
})

async function exchange(path: string, lines: string[], body = '3\r\nabc\r\n0\r\n\r\n') {
  const [before, copies] = [primary.requests.length, shadow.requests.length]
  const client = await connectRaw(proxy.port)
  const framing = body.includes('\r\n') ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  client.send([`POST ${path} HTTP/1.1`, 'Host: h:8080', framing, ...lines, '', body].join('\r\n'))
  expect((await client.readResponse()).status).toBe(200)
  client.destroy()
  return {
    live: primary.requests[before] as UpstreamRequest,
    copy: await eventually(() => shadow.requests[copies]),
  }
}

const CREDENTIALS = ['Authorization: Bearer live', 'Cookie: c=1']
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe('B8: the mark of a copy', () => {
  test('is on every copy and never on a live request, whatever the header rules of the upstreams', async () => {
    for (const path of ['/plain', '/keep', '/replace']) {
      const { live, copy } = await exchange(path, [])
      expect([live.headerAll('x-understudy-role'), copy.headerAll('x-understudy-role')]).toEqual([[], ['shadow']])
      expect([live.header('x-tenant'), copy.header('x-tenant')]).toEqual(['live', 'copy'])
      expect(live.header('x-dry-run')).toBeUndefined()
    }
    const { copy: turned } = await exchange('/turned', [])
    expect(turned.headerAll('x-understudy-role')).toEqual([])
  })

  test('cannot be configured for anybody', async () => {
    for (const rules of [{ set: { 'x-understudy-role': 'shadow' } }, { remove: ['x-understudy-role'] }]) {
      const config = {
        upstreams: { live: { endpoints: primary.url, headers: rules } },
        routes: [{ name: 'r', match: {}, primary: 'live' }],
      }
      await expect(startUnderstudy(config)).rejects.toThrow(/x-understudy-role|header that Understudy writes itself/)
    }
  })
})

describe('B9: credentials of the client', () => {
  test('are left out of the copy by default', async () => {
    const { live, copy } = await exchange('/plain', CREDENTIALS)
    expect([live.header('authorization'), live.header('cookie')]).toEqual(['Bearer live', 'c=1'])
    expect([copy.header('authorization'), copy.header('cookie')]).toEqual([undefined, undefined])
  })

  test('are kept or replaced where the route says so', async () => {
    const kept = (await exchange('/keep', CREDENTIALS)).copy
    expect([kept.header('authorization'), kept.header('cookie')]).toEqual(['Bearer live', 'c=1'])
    const replaced = (await exchange('/replace', CREDENTIALS)).copy
    expect([replaced.headerAll('authorization'), replaced.header('cookie')]).toEqual([['Bearer shadow'], undefined])
  })
})

describe('B10: a traced request', () => {
  test.each(['00', '01'])(
    'has another span of the same trace in its copy (flags %s), and the copy says what it is',
    async flags => {
      const traceparent = `00-${TRACE}-${SPAN}-${flags}`
      const { live, copy } = await exchange('/plain', [
        `traceparent: ${traceparent}`,
        'tracestate: v=1',
        'baggage: user=7',
      ])
      expect([live.headerAll('traceparent'), live.headerAll('baggage')]).toEqual([[traceparent], ['user=7']])
      const [own] = copy.headerAll('traceparent')
      expect(own).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-${flags}$`))
      expect(own).not.toContain(SPAN)
      expect([copy.headerAll('tracestate'), copy.headerAll('baggage')]).toEqual([['v=1'], ['user=7', 'shadow=true']])
    },
  )

  test('is not made one of a request without a trace', async () => {
    const { copy } = await exchange('/plain', [])
    expect([copy.headerAll('traceparent'), copy.headerAll('baggage')]).toEqual([[], []])
  })
})

test('B11: the copy cannot be taken for a retry of the live request', async () => {
  const { live, copy } = await exchange('/plain', ['Idempotency-Key: k-1'])
  expect([live.header('idempotency-key'), copy.header('idempotency-key')]).toEqual(['k-1', 'k-1-shadow-copy'])
})

describe('A12: a body that came in chunks', () => {
  test('goes to the copy with its length, never with both framings', async () => {
    for (const body of ['3\r\nabc\r\n0\r\n\r\n', '1\r\na\r\n2\r\nbc\r\n0\r\nX-T: 1\r\n\r\n', 'abc']) {
      const { live, copy } = await exchange('/plain', [], body)
      for (const leg of [live, copy]) {
        expect([leg.headerAll('content-length'), leg.headerAll('transfer-encoding')]).toEqual([['3'], []])
        const { data, trailers } = await leg.body
        expect([data?.toString(), trailers]).toEqual(['abc', []])
      }
    }
  })

  test('and takes its time goes to the primary in chunks, to the copy with its length', async () => {
    const copies = shadow.requests.length
    const client = await connectRaw(proxy.port)
    client.send('POST /plain HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const live = await eventually(() => {
      const last = primary.requests.at(-1)
      return last?.bodyBytes === 3 && last.bodyState === 'receiving' ? last : undefined
    })
    client.send('3\r\ndef\r\n0\r\n\r\n')
    await client.readResponse()
    client.destroy()
    const copy = await eventually(() => shadow.requests[copies])
    expect([live.headerAll('content-length'), live.headerAll('transfer-encoding')]).toEqual([[], ['chunked']])
    expect([copy.headerAll('content-length'), copy.headerAll('transfer-encoding')]).toEqual([['6'], []])
    expect([(await live.body).data?.toString(), (await copy.body).data?.toString()]).toEqual(['abcdef', 'abcdef'])
  })
})

test.each([
  ['', ''],
  // Whoever has recorded a request could otherwise make its replay look like the first of it.
  [', whatever Connection lists', 'Connection: early-data\r\n'],
])('B15: early data reaches the primary as such and is never copied%s', async (_, connection) => {
  const [before, copies] = [primary.requests.length, shadow.requests.length]
  const client = await connectRaw(proxy.port)
  client.send(`GET /plain HTTP/1.1\r\nHost: h\r\n${connection}Early-Data: 1\r\n\r\n`)
  expect((await client.readResponse()).status).toBe(200)
  expect(primary.requests[before]?.headerAll('early-data')).toEqual(['1'])
  // The next one is copied: had the first been, its copy would have come before.
  client.send('GET /plain HTTP/1.1\r\nHost: h\r\nX-Next: 1\r\n\r\n')
  await client.readResponse()
  client.destroy()
  expect((await eventually(() => shadow.requests[copies])).header('x-next')).toBe('1')
})

test('a request that is itself a copy is served and not copied again', async () => {
  const copies = shadow.requests.length
  const client = await connectRaw(proxy.port)
  client.send('GET /plain HTTP/1.1\r\nHost: h\r\nX-Understudy-Role: shadow\r\n\r\n')
  expect((await client.readResponse()).status).toBe(200)
  expect(primary.requests.at(-1)?.headerAll('x-understudy-role')).toEqual([])
  client.send('GET /plain HTTP/1.1\r\nHost: h\r\nX-Next: 1\r\n\r\n')
  await client.readResponse()
  client.destroy()
  expect((await eventually(() => shadow.requests[copies])).header('x-next')).toBe('1')
})
