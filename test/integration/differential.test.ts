import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CORPUS, headOf, type CorpusCase } from '../support/corpus.ts'
import type { Header } from '../support/http1-message.ts'
import { connectRaw } from '../support/raw-client.ts'
import type { RawResponse } from '../support/raw-response.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel } from '../support/steady-client.ts'
import type { UpstreamRequest } from '../support/upstream-request.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

/**
 * What a client may see that is different behind the proxy; the README's "Differences to a direct connection" says why.
 * Chunk boundaries differ too (bodies are compared without them).
 */
const ANSWER_DIFFERENCES = new Set([
  'x-request-id',
  'x-understudy-arm',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'date',
])
/** And what a model server may see. A body that is short arrives with its length, however the client framed it. */
const REQUEST_DIFFERENCES = new Set([
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'connection',
  'transfer-encoding',
  'content-length',
])

const LANES = 6
let upstream: UpstreamServer
let shadow: UpstreamServer
let proxy: RunningUnderstudy
/** What the client saw, by case and way. */
const seen = { direct: [] as Seen[], off: [] as Seen[], on: [] as Seen[] }

beforeAll(async () => {
  upstream = await startUpstream(async (request, respond) => {
    const { answer } = CORPUS[Number(request.header('x-case'))] as CorpusCase
    if (!answer.early) await request.body
    await answer.answer(respond, request)
  })
  // Nothing a shadow does may show: it answers something else, fails, resets, or says nothing.
  shadow = await startUpstream(
    async (request, respond) => {
      const id = Number(request.header('x-case'))
      await request.body
      // Connections that are lost are paced: were they many, most cases would have no copy.
      if (id % 16 === 2) respond.reset()
      else if (id % 16 === 3) respond.hang()
      else if (id % 2 === 0) respond.reply(200, { 'x-shadow': 'yes', 'set-cookie': 'shadow=1' }, 'shadow')
      else respond.reply(500, {}, 'shadow')
    },
    { keepRequests: false },
  )
  const methods = ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'POST', 'PUT', 'PATCH']
  proxy = await startUnderstudy({
    upstreams: { v1: upstream.url, v2: shadow.url },
    routes: [
      {
        name: 'on',
        match: { headers: { 'x-way': 'on' } },
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100, timeout: '300ms', methods }],
      },
      { name: 'off', match: { prefix: '/' }, primary: 'v1' },
    ],
  })
  await inParallel(CORPUS.length, LANES, async id => {
    const each = CORPUS[id] as CorpusCase
    seen.direct[id] = await run(each, upstream.port, 'direct')
    seen.off[id] = await run(each, proxy.port, 'off')
    seen.on[id] = await run(each, proxy.port, 'on')
  })
}, 60_000)

afterAll(async () => {
  await proxy.stop()
  await Promise.all([upstream.stop(), shadow.stop()])
})

type Seen = RawResponse | string

/** An error is a result like any other: both sides must agree on it. */
async function run(each: CorpusCase, port: number, way: string): Promise<Seen> {
  const client = await connectRaw(port)
  try {
    client.send(
      headOf(each, 'corpus.test', [
        ['X-Way', way],
        ['X-Request-Id', `case-${each.id}`],
      ]),
    )
    for (const piece of each.request.pieces) client.send(piece)
    return await client.readResponse({ method: each.request.method })
  } catch (error) {
    return String(error)
  } finally {
    client.destroy()
  }
}

describe('differential test over the corpus', () => {
  test('every case was answered in every way', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(200)
    for (const way of ['direct', 'off', 'on'] as const) {
      expect(seen[way]).toHaveLength(CORPUS.length)
      const failed = seen[way].flatMap((result, id) =>
        typeof result === 'string' || result.ended !== 'complete'
          ? [`${CORPUS[id]?.name}: ${describeResult(result)}`]
          : [],
      )
      expect(failed).toEqual([])
    }
  })

  test('E11: with a shadow and without, clients get the same bytes', async () => {
    for (const { id, name, answer } of CORPUS) {
      const [on, off] = [seen.on[id], seen.off[id]].map(result => bytesOf(result, answer.early))
      expect([name, on]).toEqual([name, off])
    }
    await eventually(async () => (await proxy.readMetrics()).value('understudy_sampled_total') === CORPUS.length)
    expect(shadow.requestCount).toBeGreaterThan(CORPUS.length * 0.8)
  })

  test('behind the proxy and without it, answers differ in nothing but what is on the list', () => {
    for (const each of CORPUS) {
      const [direct, proxied] = [seen.direct[each.id], seen.off[each.id]].map(result => answerOf(result, each))
      expect([each.name, proxied]).toEqual([each.name, direct])
    }
  })

  test('model servers get the same requests but for what is on the list', async () => {
    const arrived = new Map<string, unknown>()
    for (const request of upstream.requests) {
      // An early answer ends the request, whatever of it was still to come.
      if (CORPUS[Number(request.header('x-case'))]?.answer.early) continue
      arrived.set(`${request.header('x-way')} ${request.header('x-case')}`, await requestOf(request))
    }
    for (const { id, name, answer } of CORPUS) {
      if (answer.early) continue
      const direct = arrived.get(`direct ${id}`)
      expect(direct).toBeDefined()
      for (const way of ['off', 'on']) expect([name, arrived.get(`${way} ${id}`)]).toEqual([name, direct])
    }
    expect(upstream.violations).toEqual([])
    expect(shadow.violations).toEqual([])
  })
})

/** Whether an early answer closes the connection hangs on how much of the request was there when it came: a race of two. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive'])

/** Everything as it came, but the date and the boundaries of chunks. */
function bytesOf(result: Seen | undefined, early: boolean): unknown {
  if (typeof result !== 'object') return result
  const { version, status, reason, informational, body, trailers } = result
  const headers = result.headers.filter(([name]) => !early || !OF_THE_CONNECTION.has(name.toLowerCase()))
  const dated = headers.map(([name, value]) => (name === 'Date' ? [name] : [name, value]))
  return { start: `${version} ${status} ${reason}`, headers: dated, informational, body: digest(body), trailers }
}

/** HTTP/1.0 knows neither 1xx nor trailers, and HEAD has none to announce: our server does not mind, the proxy does. */
function answerOf(result: Seen | undefined, { request }: CorpusCase): unknown {
  if (typeof result !== 'object') return result
  const { status, reason, headers, informational, body, trailers } = result
  const old = request.version === '1.0'
  const trails = !old && request.method !== 'HEAD'
  const kept = without(ANSWER_DIFFERENCES, headers).filter(([name]) => trails || name !== 'Trailer')
  return { status, reason, kept, body: digest(body), ...(old ? {} : { informational, trailers }) }
}

async function requestOf(request: UpstreamRequest): Promise<unknown> {
  const { method, target, headers } = request
  const { sha256, bytes } = await request.body
  return { method, target, headers: without(REQUEST_DIFFERENCES, headers), bytes, sha256 }
}

/** The way itself is a header, and the Host of a request may stand anywhere. */
function without(differences: ReadonlySet<string>, headers: readonly Header[]): Header[] {
  const kept = headers.filter(([name]) => !differences.has(name.toLowerCase()) && name !== 'X-Way')
  return [...kept.filter(isHost).map(([, value]): Header => ['host', value]), ...kept.filter(each => !isHost(each))]
}

function digest(body: Buffer): string {
  return `${body.length} ${createHash('sha256').update(body).digest('hex')}`
}

function describeResult(result: Seen): string {
  return typeof result === 'string' ? result : `${result.status}, ${result.ended}`
}

function isHost([name]: Header): boolean {
  return name.toLowerCase() === 'host'
}
