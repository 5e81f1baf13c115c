import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../../src/wire/window.ts'
import { getJson } from '../support/http-json.ts'
import { kafkaAvailability, readTopic, startKafka, type KafkaBroker } from '../support/kafka.ts'
import type { Metrics } from '../support/prometheus-text.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { inParallel, SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const REQUESTS_A_PHASE = 5_000
const CONNECTIONS = 32
const PATH = '/v2/models/churn/infer'
const REQUEST = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [0.1, 0.2] }] })
const ANSWER = JSON.stringify({
  model_name: 'churn',
  outputs: [{ name: 'label', shape: [1], datatype: 'INT64', data: [1] }],
})

const answers: UpstreamHandler = (_request, respond) =>
  respond.reply(200, { 'content-type': 'application/json' }, ANSWER)
const neverAnswers: UpstreamHandler = () => {}
const resets: UpstreamHandler = (_request, respond) => respond.reset()

interface Experiment {
  readonly id: string
  readonly counts: WindowCounts
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0)

describe.skipIf(!kafkaAvailability().ok)('20 000 requests through two data-plane threads', () => {
  let kafka: KafkaBroker
  let primary: UpstreamServer
  let proxy: RunningUnderstudy

  beforeAll(async () => {
    kafka = await startKafka()
  })
  // Each try has servers of its own: what is counted here is counted once.
  beforeEach(async () => {
    primary = await startUpstream(answers, { keepRequests: false })
  })
  afterEach(async () => {
    await proxy.kill()
    await primary.stop()
  })
  afterAll(async () => {
    await kafka.stop()
  })

  test('are accounted for alike by the shadow server, /metrics, the windows and the topics, whatever the shadow does', async () => {
    const shadow = await startUpstream(answers, { keepRequests: false })
    const { port } = shadow
    const suffix = randomUUID()
    proxy = await startUnderstudy({
      listen: { address: '127.0.0.1:0', threads: 2 },
      upstreams: { v1: primary.url, v2: `http://127.0.0.1:${port}` },
      routes: [
        {
          name: 'churn',
          match: { path: PATH },
          primary: 'v1',
          shadows: [{ upstream: 'v2', percent: 100, timeout: '500ms' }],
        },
      ],
      sinks: {
        kafka: { brokers: kafka.brokers, pairs: `pairs-${suffix}`, windows: `windows-${suffix}`, linger: '5ms' },
      },
    })
    const client = new SteadyClient(proxy.url, CONNECTIONS)
    const sendPhase = () =>
      inParallel(REQUESTS_A_PHASE, CONNECTIONS, async () => {
        const answer = await client.post(PATH, REQUEST)
        expect(answer.status).toBe(200)
      })

    await sendPhase()
    shadow.handle(neverAnswers)
    await sendPhase()
    shadow.handle(resets)
    await sendPhase()
    await eventually(
      async () => ((await proxy.readMetrics()).sum('understudy_shadow_in_flight') === 0 ? true : undefined),
      10_000,
    )
    const seenByShadow = shadow.requestCount
    await shadow.stop()
    await sendPhase() // refused: nobody listens
    client.close()

    const metrics = await settled(proxy, 4 * REQUESTS_A_PHASE)
    const labels = { route: 'churn', shadow: 'v2' }
    const sent = metrics.value('understudy_shadow_sent_total', labels)
    const pairs = metrics.value('understudy_pairs_total', labels)
    expect(metrics.value('understudy_eligible_total', labels)).toBe(4 * REQUESTS_A_PHASE)
    expect(metrics.value('understudy_sampled_total', labels)).toBe(4 * REQUESTS_A_PHASE)
    expect(sent + metrics.sum('understudy_shadow_dropped_total', labels)).toBe(4 * REQUESTS_A_PHASE)
    expect(pairs + metrics.sum('understudy_unpaired_total', labels)).toBe(sent)
    expect(primary.requestCount).toBe(4 * REQUESTS_A_PHASE)

    const refused = metrics.value('understudy_errors_total', {
      route: 'churn',
      leg: 'shadow',
      code: 'UPSTREAM_CONNECT',
    })
    expect(refused).toBeGreaterThan(0)
    expect(
      metrics.value('understudy_errors_total', { route: 'churn', leg: 'shadow', code: 'UPSTREAM_RESET' }),
    ).toBeGreaterThan(0)
    expect(
      metrics.value('understudy_errors_total', { route: 'churn', leg: 'shadow', code: 'UPSTREAM_TIMEOUT' }),
    ).toBeGreaterThan(0)
    expect(seenByShadow).toBe(sent - refused)

    const experiment = await foldedExperiment(proxy, 4 * REQUESTS_A_PHASE)
    expect(experiment.counts).toMatchObject({
      eligible: 4 * REQUESTS_A_PHASE,
      sampled: 4 * REQUESTS_A_PHASE,
      sent,
      pairs,
    })
    expect(sum(experiment.counts.outcomes)).toBe(pairs)

    const id = experiment.id
    const { code } = await proxy.stop()
    expect(code).toBe(0)
    const records = await readTopic(kafka.brokers, `pairs-${suffix}`, { expected: pairs, timeoutMs: 30_000 })
    expect(records).toHaveLength(pairs)
    expect(new Set(records.map(record => (JSON.parse(record.value) as { id: string }).id)).size).toBe(pairs)
    const windows = await readTopic(kafka.brokers, `windows-${suffix}`, { expected: 1, timeoutMs: 30_000 })
    const folded = emptyCounts()
    for (const { value } of windows) {
      const window = JSON.parse(value) as SealedWindow
      expect(window.experiment).toBe(id)
      addCounts(folded, window.counts)
    }
    expect(folded).toMatchObject(experiment.counts)
  }, 120_000)
})

/** Waits until every leg is settled, the window of every pair sealed and folded, and every record delivered. */
async function settled(proxy: RunningUnderstudy, requests: number): Promise<Metrics> {
  return await eventually(async () => {
    const metrics = await proxy.readMetrics()
    const pairs = metrics.sum('understudy_pairs_total')
    const done =
      metrics.sum('understudy_requests_total') === requests &&
      metrics.sum('understudy_shadow_in_flight') === 0 &&
      metrics.sum('understudy_pair_outcomes_total') === pairs &&
      metrics.value('understudy_sink_pending_records', { sink: 'kafka' }) === 0
    return done ? metrics : undefined
  }, 60_000)
}

/**
 * Waits for the last window as well: while the shadow refuses, whole windows pass without a pair, and nothing that
 * counts pairs waits for those.
 */
async function foldedExperiment(proxy: RunningUnderstudy, eligible: number): Promise<Experiment> {
  return await eventually(async () => {
    const experiment = (await getJson(`${proxy.adminUrl}/api/v1/experiments/churn.v2`)) as Experiment
    return experiment.counts.eligible >= eligible ? experiment : undefined
  }, 10_000)
}
