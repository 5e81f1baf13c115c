import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { METRICS } from '../../../src/control/metric-table.ts'
import { Metrics } from '../../../src/control/metrics.ts'
import { ControlState } from '../../../src/control/state.ts'
import { ERROR_CODES } from '../../../src/errors.ts'
import { LOG_RATIO_EDGES } from '../../../src/wire/latency-grid.ts'
import { DURATION_EDGES_SECONDS } from '../../../src/wire/messages.ts'
import { DROP_REASONS, INCOMPARABLE_REASONS, OUTCOMES, UNPAIRED_REASONS, zeroes } from '../../../src/wire/outcomes.ts'
import { canaryPlan, routedSnapshot, routePlan, shadowPlan } from '../../support/plans.ts'
import { parseMetrics, type Metrics as Scrape } from '../../support/prometheus-text.ts'
import { histogram, requestCounters, shadowCounters, threadCounters } from '../../support/thread-counters.ts'
import { countsOf, sealedWindow } from '../../support/windows.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'
const SINK = { sink: 'file', up: true, accepted: 0, delivered: 0, dropped: {}, pending: 0 }

let state: ControlState

beforeEach(() => {
  state = new ControlState(
    routedSnapshot({
      revision: 3,
      routes: [routePlan({ canary: canaryPlan({ percent: 5 }), shadows: [shadowPlan()] })],
    }),
  )
  state.threads.set(
    0,
    threadCounters({
      arms: [
        { route: 'churn', arm: 'primary', retries: 0, fallbacks: 0 },
        { route: 'churn', arm: 'canary', retries: 0, fallbacks: 0 },
      ],
    }),
  )
  state.take({
    windows: [],
    settledBefore: 0,
    experiments: [],
    disagreements: [],
    sinks: [{ ...SINK, dropped: { full: 0 } }],
    framesLost: 0,
  })
})

afterEach(() => void vi.useRealTimers())

async function scrape(): Promise<Scrape> {
  return parseMetrics(await new Metrics(state).text())
}

describe('before the first request', () => {
  test('every metric is there, with its type, prefix and labels, and none is NaN', async () => {
    const { samples, types } = await scrape()
    expect(Object.fromEntries(types)).toEqual(
      Object.fromEntries(METRICS.map(({ name, type }) => [`understudy_${name}`, type])),
    )
    for (const { name, type, labels } of METRICS) {
      const family = `understudy_${name}${type === 'histogram' ? '_count' : ''}`
      const found = samples.filter(sample => sample.name === family)
      expect([family, found.length > 0]).toEqual([family, true])
      for (const sample of found) expect(Object.keys(sample.labels).sort()).toEqual([...labels].sort())
    }
    expect(samples.filter(sample => Number.isNaN(sample.value))).toEqual([])
  })

  test('every reason, outcome and error code that can be counted is there as a zero', async () => {
    const found = await scrape()
    const zero = (name: string, labels: Record<string, string>): void =>
      expect([name, labels, found.value(`understudy_${name}`, labels)]).toEqual([name, labels, 0])
    const shadow = { route: 'churn', shadow: 'churn-v2' }
    for (const reason of DROP_REASONS) zero('shadow_dropped_total', { ...shadow, reason })
    for (const reason of UNPAIRED_REASONS) zero('unpaired_total', { ...shadow, reason })
    for (const outcome of OUTCOMES) zero('pair_outcomes_total', { experiment: EXPERIMENT, outcome })
    for (const reason of INCOMPARABLE_REASONS) zero('incomparable_total', { experiment: EXPERIMENT, reason })
    for (const code of ERROR_CODES) {
      zero('errors_total', { route: '-', leg: 'client', code })
      for (const leg of ['client', 'primary', 'canary', 'shadow']) zero('errors_total', { route: 'churn', leg, code })
    }
    zero('windows_sealed_total', { experiment: EXPERIMENT })
    for (const leg of ['primary', 'shadow']) zero('leg_duration_seconds_count', { experiment: EXPERIMENT, leg })
  })

  test('facts are what they are: configuration, build, canary percentage', async () => {
    const found = await scrape()
    expect(found.value('understudy_config_revision_info', { revision: '3', hash: state.snapshot.hash })).toBe(1)
    expect(found.value('understudy_build_info', { node: process.version })).toBe(1)
    expect(found.value('understudy_canary_percent', { route: 'churn' })).toBe(5)
    expect(found.value('understudy_sink_up', { sink: 'file' })).toBe(1)
  })
})

describe('counts', () => {
  test('of all threads are added, and those of a dead thread stay', async () => {
    const counters = threadCounters({
      requests: [requestCounters({ duration: histogram(0.3, 2, 8), timeToFirstByte: histogram(0.2, 2, 7) })],
      shadows: [
        shadowCounters({
          eligible: 5,
          sampled: 4,
          sent: 3,
          dropped: { ...zeroes(DROP_REASONS), in_flight: 1 },
          pairs: 3,
        }),
      ],
      errors: [{ route: 'churn', leg: 'shadow', code: 'UPSTREAM_TIMEOUT', count: 2 }],
      connections: 7,
      eventLoopLagSeconds: 0.25,
    })
    state.threads.set(0, counters)
    state.threads.set(1, counters)
    state.threadGone(1)
    const found = await scrape()
    const shadow = { route: 'churn', shadow: 'churn-v2' }
    expect(found.value('understudy_requests_total', { route: 'churn', arm: 'primary', code_class: '2xx' })).toBe(4)
    expect(found.value('understudy_eligible_total', shadow)).toBe(10)
    expect(found.value('understudy_shadow_dropped_total', { ...shadow, reason: 'in_flight' })).toBe(2)
    expect(found.value('understudy_errors_total', { leg: 'shadow', code: 'UPSTREAM_TIMEOUT' })).toBe(4)
    expect(found.value('understudy_connections')).toBe(7)
    expect(found.find('understudy_event_loop_lag_seconds').map(each => [each.labels, each.value])).toEqual([
      [{ thread: '0' }, 0.25],
    ])
  })

  test('of sealed windows are those of the ledger', async () => {
    const outcomes = { agree: 6, shadow_error: 1, incomparable: 1 }
    const counts = countsOf({ eligible: 9, sampled: 8, sent: 8, pairs: 8, outcomes, incomparable: { invalid_json: 1 } })
    const windows = [sealedWindow(EXPERIMENT, 'h/b/0', 100, counts), sealedWindow(EXPERIMENT, 'h/b/1', 100, counts)]
    state.take({ windows, settledBefore: 0, experiments: [], disagreements: [], sinks: [SINK], framesLost: 2 })
    const found = await scrape()
    const value = (name: string, labels = {}) => found.value(`understudy_${name}`, labels)
    expect(value('pair_outcomes_total', { experiment: EXPERIMENT, outcome: 'agree' })).toBe(12)
    expect(value('incomparable_total', { experiment: EXPERIMENT, reason: 'invalid_json' })).toBe(2)
    expect([value('windows_sealed_total', { experiment: EXPERIMENT }), value('frames_lost_total')]).toEqual([2, 2])
  })

  test('of a sink keep its law, with the reasons apart', async () => {
    const sink = { ...SINK, up: false, accepted: 10, delivered: 5, dropped: { full: 2, too_large: 1 }, pending: 2 }
    state.take({ windows: [], settledBefore: 0, experiments: [], disagreements: [], sinks: [sink], framesLost: 0 })
    const found = await scrape()
    const states = ['accepted', 'delivered', 'dropped'].map(each =>
      found.value('understudy_sink_records_total', { state: each }),
    )
    expect(states).toEqual([10, 5, 3])
    expect(found.value('understudy_sink_dropped_total', { sink: 'file', reason: 'full' })).toBe(2)
    expect(found.value('understudy_sink_pending_records', { sink: 'file' })).toBe(2)
    expect(found.value('understudy_sink_up', { sink: 'file' })).toBe(0)
  })
})

const leOf = (sample: { readonly labels: Readonly<Record<string, string>> }): string => sample.labels['le'] ?? ''

describe('a histogram', () => {
  const labels = { route: 'churn', arm: 'primary', code_class: '2xx' }
  test('is cumulative over its edges and ends in all of them', async () => {
    const last = DURATION_EDGES_SECONDS.length
    state.threads.set(0, threadCounters({ requests: [requestCounters({ duration: histogram(75.5, 0, 2, 2, last) })] }))
    const found = await scrape()
    const buckets = found.find('understudy_request_duration_seconds_bucket', labels)
    expect(buckets.map(leOf)).toEqual([...DURATION_EDGES_SECONDS.map(String), '+Inf'])
    expect(buckets.map(bucket => bucket.value)).toEqual([1, 1, ...Array.from({ length: last - 2 }, () => 3), 4])
    expect(found.value('understudy_request_duration_seconds_count', labels)).toBe(4)
    expect(found.value('understudy_request_duration_seconds_sum', labels)).toBe(75.5)
  })

  test('of log ratios has edges of its own, below zero too', async () => {
    const buckets = (await scrape()).find('understudy_latency_log_ratio_bucket', { experiment: EXPERIMENT })
    expect(buckets.map(leOf)).toEqual([...LOG_RATIO_EDGES.map(String), '+Inf'])
  })
})

describe('a scrape', () => {
  test('within half a second of another gives the same text, a later one what is true then', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const metrics = new Metrics(state)
    const connections = async () => parseMetrics(await metrics.text()).value('understudy_connections')
    expect(await connections()).toBe(0)
    state.threads.set(0, threadCounters({ connections: 3 }))
    vi.advanceTimersByTime(499)
    expect(await connections()).toBe(0)
    vi.advanceTimersByTime(1)
    expect(await connections()).toBe(3)
  })

  test('keeps the label values of names that need escaping', async () => {
    const route = 'quote " back\\slash'
    state.threads.set(0, threadCounters({ requests: [requestCounters({ route })] }))
    expect((await scrape()).value('understudy_requests_total', { route })).toBe(0)
  })
})
