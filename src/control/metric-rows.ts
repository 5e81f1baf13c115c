import { INCOMPARABLE_REASONS, OUTCOMES } from '../wire/outcomes.ts'
import { LOG_RATIO_BUCKETS } from '../wire/latency-grid.ts'
import { DURATION_EDGES_SECONDS, type FoldedHistogram } from '../wire/messages.ts'
import { IGNORED_REASONS } from '../judge/ledger.ts'
import { effectiveVerdict, type EffectiveVerdict } from './effective-verdict.ts'
import type { FoldedCounters } from './fold-counters.ts'
import type { MetricName } from './metric-table.ts'
import type { ControlState } from './state.ts'
import { total } from '../wire/total.ts'

/** Label values in the order of the metric's labels. */
export interface MetricRow {
  readonly labels: readonly string[]
  readonly value: number | FoldedHistogram
}

export interface MetricsSource {
  readonly state: ControlState
  readonly counters: FoldedCounters
  readonly errors: FoldedCounters['errors']
  readonly version: string
}

/** The rows of every metric. Series of the running configuration exist from the start, as zeroes. */
export function metricRows(source: MetricsSource): Map<MetricName, MetricRow[]> {
  const rows = new Map<MetricName, MetricRow[]>()
  const add = (name: MetricName, labels: readonly string[], value: number | FoldedHistogram): void => {
    const list = rows.get(name)
    if (list === undefined) rows.set(name, [{ labels, value }])
    else list.push({ labels, value })
  }
  addRequests(source, add)
  addShadows(source, add)
  addExperiments(source, add)
  addSinks(source, add)
  addProcess(source, add)
  return rows
}

type Add = (name: MetricName, labels: readonly string[], value: number | FoldedHistogram) => void

function addRequests({ counters, errors }: MetricsSource, add: Add): void {
  for (const row of counters.requests) {
    const labels = [row.route, row.arm, row.codeClass]
    add(
      'requests_total',
      labels,
      row.duration.buckets.reduce((sum, n) => sum + n, 0),
    )
    add('request_duration_seconds', labels, row.duration)
    add('time_to_first_byte_seconds', labels, row.timeToFirstByte)
  }
  for (const row of counters.arms) {
    add('retries_total', [row.route, row.arm], row.retries)
    if (row.arm === 'canary') add('canary_fallbacks_total', [row.route], row.fallbacks)
  }
  for (const row of errors) add('errors_total', [row.route, row.leg, row.code], row.count)
}

function addShadows({ counters }: MetricsSource, add: Add): void {
  for (const row of counters.shadows) {
    const labels = [row.route, row.shadow]
    add('eligible_total', labels, row.eligible)
    add('sampled_total', labels, row.sampled)
    add('shadow_sent_total', labels, row.sent)
    add('shadow_in_flight', labels, row.inFlight)
    add('pairs_total', labels, row.pairs)
    for (const [reason, count] of Object.entries(row.dropped)) add('shadow_dropped_total', [...labels, reason], count)
    for (const [reason, count] of Object.entries(row.unpaired)) add('unpaired_total', [...labels, reason], count)
  }
}

function addExperiments({ state }: MetricsSource, add: Add): void {
  // Ended experiments are kept for long; a hundred of them would make a scrape of a megabyte.
  const current = state.snapshot.experiments.map(experiment => experiment.id)
  const ids = new Set([...current, ...state.ledger.recentExperiments()])
  for (const id of ids) {
    const counts = state.ledger.counts(id)
    for (const outcome of OUTCOMES) add('pair_outcomes_total', [id, outcome], counts.outcomes[outcome])
    for (const reason of INCOMPARABLE_REASONS) add('incomparable_total', [id, reason], counts.incomparable[reason])
    add('windows_sealed_total', [id], state.ledger.sealed(id))
    addVerdict(effectiveVerdict(state, id), id, add)
    const report = state.report(id)
    add('votes_forgotten_total', [id], report?.forgottenVotes ?? 0)
    add(
      'leg_duration_seconds',
      [id, 'primary'],
      report?.legDurations.primary ?? empty(DURATION_EDGES_SECONDS.length + 1),
    )
    add('leg_duration_seconds', [id, 'shadow'], report?.legDurations.shadow ?? empty(DURATION_EDGES_SECONDS.length + 1))
    add('latency_log_ratio', [id], report?.logRatio ?? empty(LOG_RATIO_BUCKETS))
  }
}

const VERDICT_NUMBERS = { PROMOTE: 1, CONTINUE: 0, ROLLBACK: -1, INVALID: -2, EXPIRED: 2 } as const
const STATE_NUMBERS = { safe: 1, harm: -1, open: 0, no_data: 0 } as const

function addVerdict(effective: EffectiveVerdict | null, id: string, add: Add): void {
  if (effective === null) return
  const { verdict, look } = effective
  add('verdict', [id], VERDICT_NUMBERS[verdict])
  add('verdict_timestamp_seconds', [id], look.second === null ? 0 : look.second + 1)
  for (const gate of look.gates) {
    const labels = [id, gate.id]
    add('gate_estimate', labels, gate.estimate ?? 0)
    add('gate_lower', labels, gate.interval[0])
    add('gate_upper', labels, gate.interval[1] ?? Number.POSITIVE_INFINITY)
    add('gate_margin', labels, gate.margin)
    add('gate_samples', labels, gate.n)
    add('gate_state', labels, STATE_NUMBERS[gate.state])
    for (const side of ['harm', 'safe'] as const) {
      add('gate_log_e', [...labels, side], gate.logE[side])
      add('gate_log_e_threshold', [...labels, side], gate.threshold[side])
    }
  }
}

const ROLLOUT_NUMBERS = { manual: 0, ramping: 1, held: 2, done: 3, stopped: -1 } as const

function addSinks({ state }: MetricsSource, add: Add): void {
  for (const { sink, accepted, delivered, dropped, pending, up } of state.sinks) {
    add('sink_records_total', [sink, 'accepted'], accepted)
    add('sink_records_total', [sink, 'delivered'], delivered)
    add('sink_records_total', [sink, 'dropped'], total(dropped))
    for (const [reason, count] of Object.entries(dropped)) add('sink_dropped_total', [sink, reason], count)
    add('sink_pending_records', [sink], pending)
    add('sink_up', [sink], up ? 1 : 0)
  }
}

function addProcess({ state, counters, version }: MetricsSource, add: Add): void {
  const { snapshot } = state
  for (const route of snapshot.routes) {
    if (route.canary === null) continue
    add('canary_percent', [route.name], route.canary.percent)
    const rollout = state.rollouts.get(route.name)
    if (rollout !== null) add('rollout_state', [route.name], ROLLOUT_NUMBERS[rollout.state.kind])
  }
  for (const row of counters.upstreams) {
    add('upstream_in_flight', [row.upstream], row.inFlight)
    add('upstream_healthy_endpoints', [row.upstream], row.healthyEndpoints)
  }
  for (const reason of IGNORED_REASONS) add('windows_ignored_total', [reason], state.ledger.ignored[reason])
  add('state_write_failures_total', [], state.store?.writeFailures ?? 0)
  add('frames_lost_total', [], state.framesLost)
  add('thread_restarts_total', [], state.threadRestarts)
  add('connections', [], counters.connections)
  add('in_flight', [], counters.inFlight)
  for (const [thread, threadCounters] of state.threads) {
    add('event_loop_lag_seconds', [String(thread)], threadCounters.eventLoopLagSeconds)
    add('thread_busy_ratio', [String(thread)], threadCounters.busyShare)
  }
  add('config_revision_info', [String(snapshot.revision), snapshot.hash], 1)
  add('config_reload_failures_total', [], state.reloadFailures)
  add('build_info', [version, process.version], 1)
}

function empty(buckets: number): FoldedHistogram {
  return { buckets: Array.from({ length: buckets }, () => 0), sum: 0 }
}
