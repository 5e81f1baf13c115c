import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson } from '../support/http-json.ts'
import { createTopic, kafkaAvailability, startKafka, type KafkaBroker } from '../support/kafka.ts'
import { kafkaClient } from '../support/kafka-topics.ts'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const REQUESTS = 1_500
const PAIRS = `replay-pairs-${process.pid}`
const WINDOWS = `replay-windows-${process.pid}`

interface Replayed {
  readonly watermark: number
  readonly evidence: Readonly<Record<string, unknown>>
  readonly coverage: unknown
  readonly gates: readonly { readonly id: string; readonly n: number; readonly logE: unknown }[]
}

describe.skipIf(!kafkaAvailability().ok)('the topics of a proxy', () => {
  let kafka: KafkaBroker
  let primary: UpstreamServer
  let candidate: UpstreamServer
  let proxy: RunningUnderstudy
  let live: Replayed
  let config: string

  beforeAll(async () => {
    kafka = await startKafka({ own: true })
    await createTopic(kafka.brokers, PAIRS, { partitions: 3 })
    await createTopic(kafka.brokers, 'nothing')
    primary = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, '{"label":1}'), {
      keepRequests: false,
    })
    let count = 0
    candidate = await startUpstream(
      (_request, respond) => respond.reply(200, JSON_TYPE, count++ % 10 === 0 ? '{"label":2}' : '{"label":1}'),
      { keepRequests: false },
    )
    proxy = await startUnderstudy(routing())
    await sendTraffic()
    live = await eventually(async () => {
      const view = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2/verdict`)) as Replayed
      return (view.coverage as { paired: number }).paired === REQUESTS ? view : undefined
    }, 10_000)
    config = write('secure.yaml', secureRouting())
  })
  afterAll(async () => {
    await proxy.stop()
    await Promise.all([primary.stop(), candidate.stop(), kafka.stop()])
  })

  const routing = (kafkaSink: Readonly<Record<string, unknown>> = {}) => ({
    upstreams: { v1: primary.url, v2: { endpoints: candidate.url, version: '2' } },
    routes: [
      {
        name: 'r',
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100 }],
        verdict: { warm_up: '0s', min_pairs: 100, min_duration: '1s' },
      },
    ],
    sinks: { kafka: { brokers: kafka.brokers, pairs: PAIRS, windows: WINDOWS, linger: '5ms', ...kafkaSink } },
  })

  /** The same experiment, its topics over TLS with a password. */
  function secureRouting() {
    const { secure } = kafka
    if (secure === null) throw new Error('this test starts its own broker')
    const sasl = { mechanism: 'plain', username: secure.username, password: secure.password }
    return { listen: '127.0.0.1:8080', ...routing({ brokers: secure.brokers, tls: { ca: secure.ca }, sasl }) }
  }

  function write(name: string, content: unknown): string {
    const path = join(proxy.directory, name)
    writeFileSync(path, JSON.stringify(content))
    return path
  }

  async function sendTraffic(): Promise<void> {
    const client = new SteadyClient(proxy.url, 4)
    await inParallel(REQUESTS, 4, async () => void (await client.post('/', '{}')))
    client.close()
    await eventually(async () => {
      const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as { counts: { pairs: number } }
      const pending = (await proxy.readMetrics()).value('understudy_sink_pending_records', { sink: 'kafka' })
      return counts.pairs === REQUESTS && pending === 0
    }, 20_000)
  }

  async function replay(topics: readonly string[]): Promise<Replayed> {
    const ended = await runCommand(['replay', ...topics, '-c', config, '--output', 'json'], { timeoutMs: 60_000 })
    expect(ended.stderr).toBe('')
    return JSON.parse(ended.stdout) as Replayed
  }

  test('give every pair and window from the beginning to the end, over TLS with a password', async () => {
    const { evidence, gates, coverage } = await replay([`kafka:${PAIRS}`, `kafka:${WINDOWS}`])
    expect(evidence).toMatchObject({ pairs: REQUESTS, changed: {}, withoutRecord: 0, withoutWindow: 0, damaged: 0 })
    expect(evidence['recomputed']).toBe(REQUESTS / 10)
    expect(coverage).toMatchObject({ eligible: REQUESTS, paired: REQUESTS })
    expect(gates[0]).toMatchObject({ id: 'agreement', n: REQUESTS })
  })

  test('give the evidence of the proxy to the last bit', async () => {
    const { gates, coverage } = await replay([`kafka:${WINDOWS}`])
    expect(gates).toEqual(live.gates)
    expect(coverage).toEqual(live.coverage)
  })

  test('leave no consumer group behind, and nothing committed', async () => {
    await replay([`kafka:${WINDOWS}`])
    const admin = kafkaClient(kafka.brokers).admin()
    await admin.connect()
    const { groups } = await admin.listGroups()
    await admin.disconnect()
    expect(groups).toEqual([])
  })

  test('that are empty hold no records, and those that are not there are said to be', async () => {
    const empty = await runCommand(['replay', 'kafka:nothing', '-c', config], { timeoutMs: 60_000 })
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('no pair or window in the records')])
    const missing = await runCommand(['replay', 'kafka:missing', '-c', config], { timeoutMs: 60_000 })
    expect([missing.code, missing.stderr]).toEqual([
      3,
      expect.stringMatching(/topic missing .*is there such a topic\?/),
    ])
  }, 120_000)
})
