import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectRaw } from '../support/raw-client.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import type { Respond } from '../support/upstream-respond.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: r\r\n\r\n`
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: r\r\ncontent-length: ${body.length}\r\n\r\n${body}`

let upstream: UpstreamServer
let proxy: RunningUnderstudy
let answers: Respond[]

beforeAll(async () => {
  upstream = await startUpstream((_request, respond) => void answers.push(respond))
  proxy = await startUnderstudy({
    limits: { header_wait: '300ms', request: '600ms' },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

describe('requests sent before the answer to the one before them', () => {
  test('are answered in order, one under way at a time, bodies and all', async () => {
    answers = []
    const client = await connectRaw(proxy.port)
    client.send(post('/0', 'zero') + get('/1') + post('/2', 'two') + get('/3'))
    for (let i = 0; i < 4; i++) {
      await eventually(() => answers.length === i + 1)
      await sleep(30)
      expect(answers.length).toBe(i + 1)
      const body = (await upstream.requests.at(-1)?.body)?.data?.toString()
      expect([upstream.requests.at(-1)?.target, body]).toEqual([`/${i}`, ['zero', '', 'two', ''][i]])
      answers[i]?.reply(200, {}, `answer ${i}`)
      expect((await client.readResponse()).body.toString()).toBe(`answer ${i}`)
    }
    client.destroy()
  })

  test('never reach a model server when their client goes away before their turn', async () => {
    answers = []
    const before = upstream.requestCount
    const client = await connectRaw(proxy.port)
    client.send(get('/first') + get('/second') + get('/third'))
    await eventually(() => answers.length === 1)
    client.destroy()
    await eventually(() => upstream.requests.at(-1)?.isGone)
    await sleep(50)
    expect(upstream.requestCount).toBe(before + 1)
  })

  test('and then never finished, do not spoil the answer to the one before, and are cut behind it', async () => {
    answers = []
    const client = await connectRaw(proxy.port)
    client.send(`${get('/slow')}GET /half HTTP/1.1\r\nhos`)
    await eventually(() => answers.length === 1)
    await eventually(
      async () => (await proxy.readMetrics()).sum('understudy_errors_total', { code: 'REQUEST_TIMEOUT' }) === 1,
    )
    answers[0]?.reply(200, {}, 'in good time')
    const response = await client.readResponse()
    expect([response.status, response.header('connection'), response.body.toString()]).toEqual([
      200,
      'close',
      'in good time',
    ])
    await client.closed
  })
})
