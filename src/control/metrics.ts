import { Registry, type Gauge } from 'prom-client'
import { ERROR_CODES } from '../errors.ts'
import { DURATION_EDGES_SECONDS, type FoldedHistogram, type LegName } from '../wire/messages.ts'
import { LOG_RATIO_EDGES } from '../wire/latency-grid.ts'
import type { FoldedCounters } from './fold-counters.ts'
import { METRICS, type MetricName, type MetricSpec } from './metric-table.ts'
import { metricRows, type MetricRow, type MetricsSource } from './metric-rows.ts'
import type { ControlState } from './state.ts'
import { VERSION } from './version.ts'

const PREFIX = 'understudy_'
/** A scrape builds every series anew; two scrapers within this time share one text. */
const CACHE_MS = 500

/** `/metrics`: folded counts as Prometheus series. It reads what control already knows and asks no other thread. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #state: ControlState
  #rows = new Map<MetricName, MetricRow[]>()
  #text = ''
  #textAtMs = -Infinity

  constructor(state: ControlState) {
    this.#state = state
    for (const spec of METRICS) this.#registry.registerMetric(this.#metric(spec))
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async text(): Promise<string> {
    const now = performance.now()
    if (now - this.#textAtMs < CACHE_MS) return this.#text
    this.#rows = metricRows(this.#source())
    this.#text = await this.#registry.metrics()
    this.#textAtMs = now
    return this.#text
  }

  #source(): MetricsSource {
    const state = this.#state
    const counters = state.counters()
    return { state, counters, errors: errorRows(state, counters), version: VERSION }
  }

  /**
   * The client library's own histograms can only observe, and ours were counted elsewhere; its registry takes whatever
   * has a name and a `get`.
   */
  #metric(spec: MetricSpec & { readonly name: MetricName }): Gauge {
    const name = PREFIX + spec.name
    const metric = {
      name,
      get: () =>
        Promise.resolve({
          name,
          help: spec.help,
          type: spec.type,
          values: (this.#rows.get(spec.name) ?? []).flatMap(row => series(name, spec, row)),
        }),
    }
    return metric as unknown as Gauge
  }
}

interface Series {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

function series(name: string, spec: MetricSpec, row: MetricRow): Series[] {
  const labels = Object.fromEntries(spec.labels.map((label, i) => [label, row.labels[i] ?? '']))
  if (typeof row.value === 'number') return [{ labels, value: row.value }]
  return histogramSeries(
    name,
    labels,
    row.value,
    spec.name === 'latency_log_ratio' ? LOG_RATIO_EDGES : DURATION_EDGES_SECONDS,
  )
}

function histogramSeries(
  name: string,
  labels: Readonly<Record<string, string>>,
  histogram: FoldedHistogram,
  edges: readonly number[],
): Series[] {
  let total = 0
  const buckets = histogram.buckets.map((count, i) => {
    total += count
    return { metricName: `${name}_bucket`, labels: { ...labels, le: edges[i] ?? '+Inf' }, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: histogram.sum },
    { metricName: `${name}_count`, labels, value: total },
  ]
}

const errorKey = (route: string, leg: LegName, code: string): string => `${route}\n${leg}\n${code}`

/** Every code of every leg of the routes in force, from the start; and those that were counted. */
function errorRows(state: ControlState, counters: FoldedCounters): FoldedCounters['errors'] {
  const rows = new Map<string, FoldedCounters['errors'][number]>()
  const addZeroes = (route: string, leg: LegName): void => {
    for (const code of ERROR_CODES) rows.set(errorKey(route, leg, code), { route, leg, code, count: 0 })
  }
  addZeroes('-', 'client')
  for (const route of state.snapshot.routes) {
    addZeroes(route.name, 'client')
    addZeroes(route.name, 'primary')
    if (route.canary !== null) addZeroes(route.name, 'canary')
    if (route.shadows.length > 0) addZeroes(route.name, 'shadow')
  }
  for (const row of counters.errors) rows.set(errorKey(row.route, row.leg, row.code), row)
  return [...rows.values()]
}
