import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { kafkaAvailability, readTopic, startKafka, type KafkaBroker } from '../support/kafka.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const REQUESTS = 100
const CONNECTIONS = 8

describe.skipIf(!kafkaAvailability().ok)('C10: SIGTERM', () => {
  let kafka: KafkaBroker
  let primary: UpstreamServer
  let shadow: UpstreamServer
  let proxy: RunningUnderstudy

  beforeAll(async () => {
    kafka = await startKafka()
    primary = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
    shadow = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
  })
  afterEach(() => proxy.kill())
  afterAll(async () => {
    await Promise.all([primary.stop(), shadow.stop()])
    await kafka.stop()
  })

  test('sends what waits for more records: every pair is in the topic', async () => {
    const suffix = randomUUID()
    proxy = await startUnderstudy({
      upstreams: { v1: primary.url, v2: shadow.url },
      routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
      sinks: {
        kafka: { brokers: kafka.brokers, pairs: `pairs-${suffix}`, windows: `windows-${suffix}`, linger: '3s' },
      },
    })
    const client = new SteadyClient(proxy.url, CONNECTIONS)
    // The way to the broker is open: what comes now waits for nothing but more records.
    await eventually(
      async () => (await proxy.readMetrics()).value('understudy_sink_up', { sink: 'kafka' }) === 1,
      30_000,
    )
    await inParallel(REQUESTS, CONNECTIONS, async () => {
      expect((await client.post('/', '{}')).status).toBe(200)
    })
    client.close()
    proxy.signal('SIGTERM')
    expect((await proxy.exited).code).toBe(0)
    const copied = shadow.requestCount
    expect(copied).toBeGreaterThan(0)
    const records = await readTopic(kafka.brokers, `pairs-${suffix}`, { expected: copied, timeoutMs: 30_000 })
    const ids = records.map(({ value }) => (JSON.parse(value) as { requestId: string }).requestId)
    expect(ids).toHaveLength(copied)
    expect(new Set(ids)).toEqual(new Set(shadow.requests.map(request => request.header('x-request-id'))))
  })
})
