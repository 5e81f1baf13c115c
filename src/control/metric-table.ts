/** What a scrape says of a metric before its values; the prefix of all names is not part of `name`. */
export interface MetricSpec {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

/** Every metric of the proxy. The README's table is tested against this one, both ways. */
export const METRICS = [
  { name: 'requests_total', type: 'counter', labels: ['route', 'arm', 'code_class'], help: 'Answers given to clients' },
  {
    name: 'request_duration_seconds',
    type: 'histogram',
    labels: ['route', 'arm', 'code_class'],
    help: 'From the head of the request to the end of the answer',
  },
  {
    name: 'time_to_first_byte_seconds',
    type: 'histogram',
    labels: ['route', 'arm', 'code_class'],
    help: 'From the head of the request to the head of the answer',
  },
  {
    name: 'errors_total',
    type: 'counter',
    labels: ['route', 'leg', 'code'],
    help: 'Failed legs and refused requests by error code',
  },
  {
    name: 'eligible_total',
    type: 'counter',
    labels: ['route', 'shadow'],
    help: 'Exchanges a shadow could have got a copy of',
  },
  { name: 'sampled_total', type: 'counter', labels: ['route', 'shadow'], help: 'Exchanges chosen for a copy' },
  { name: 'shadow_sent_total', type: 'counter', labels: ['route', 'shadow'], help: 'Copies sent' },
  {
    name: 'shadow_dropped_total',
    type: 'counter',
    labels: ['route', 'shadow', 'reason'],
    help: 'Chosen copies that were not sent',
  },
  { name: 'shadow_in_flight', type: 'gauge', labels: ['route', 'shadow'], help: 'Copies under way' },
  {
    name: 'pairs_total',
    type: 'counter',
    labels: ['route', 'shadow'],
    help: 'Copies of which both legs have an outcome',
  },
  {
    name: 'unpaired_total',
    type: 'counter',
    labels: ['route', 'shadow', 'reason'],
    help: 'Copies of which a leg has no outcome at all',
  },
  {
    name: 'pair_outcomes_total',
    type: 'counter',
    labels: ['experiment', 'outcome'],
    help: 'What the pairs of sealed windows show',
  },
  {
    name: 'incomparable_total',
    type: 'counter',
    labels: ['experiment', 'reason'],
    help: 'Why pairs of sealed windows could not be compared',
  },
  {
    name: 'votes_forgotten_total',
    type: 'counter',
    labels: ['experiment'],
    help: 'Units and sticky keys that may vote once more: too many to remember',
  },
  { name: 'windows_sealed_total', type: 'counter', labels: ['experiment'], help: 'Sealed one-second windows' },
  {
    name: 'windows_ignored_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Sealed windows that were not counted: duplicate, late, unknown_experiment or corrupt',
  },
  {
    name: 'state_write_failures_total',
    type: 'counter',
    labels: [],
    help: 'Transactions of the state file that failed; what they held waits for the next one',
  },
  {
    name: 'leg_duration_seconds',
    type: 'histogram',
    labels: ['experiment', 'leg'],
    help: 'From dispatch to the last byte, of the legs of compared pairs',
  },
  {
    name: 'latency_log_ratio',
    type: 'histogram',
    labels: ['experiment'],
    help: 'Natural logarithm of shadow latency over primary latency',
  },
  { name: 'canary_percent', type: 'gauge', labels: ['route'], help: 'Share of clients the canary answers' },
  {
    name: 'rollout_state',
    type: 'gauge',
    labels: ['route'],
    help: 'manual 0, ramping 1, held 2, done 3, stopped -1',
  },
  {
    name: 'retries_total',
    type: 'counter',
    labels: ['route', 'arm'],
    help: 'Requests sent a second time, where that is safe',
  },
  {
    name: 'canary_fallbacks_total',
    type: 'counter',
    labels: ['route'],
    help: 'Canary requests the primary answered because the canary had no usable endpoint',
  },
  {
    name: 'upstream_healthy_endpoints',
    type: 'gauge',
    labels: ['upstream'],
    help: 'Endpoints in use, of the thread that sees the fewest',
  },
  { name: 'upstream_in_flight', type: 'gauge', labels: ['upstream'], help: 'Legs under way' },
  {
    name: 'sink_records_total',
    type: 'counter',
    labels: ['sink', 'state'],
    help: 'Records: accepted = delivered + dropped + pending',
  },
  { name: 'sink_dropped_total', type: 'counter', labels: ['sink', 'reason'], help: 'Records a sink gave up' },
  { name: 'sink_pending_records', type: 'gauge', labels: ['sink'], help: 'Records waiting for delivery' },
  { name: 'sink_up', type: 'gauge', labels: ['sink'], help: '1 while the sink can deliver' },
  {
    name: 'frames_lost_total',
    type: 'counter',
    labels: [],
    help: 'Pair frames that could not be read: a bug, or an analysis thread that was replaced',
  },
  { name: 'thread_restarts_total', type: 'counter', labels: [], help: 'Threads that ended and were started again' },
  { name: 'connections', type: 'gauge', labels: [], help: 'Open client connections' },
  { name: 'in_flight', type: 'gauge', labels: [], help: 'Requests under way' },
  {
    name: 'verdict',
    type: 'gauge',
    labels: ['experiment'],
    help: 'PROMOTE 1, CONTINUE 0, ROLLBACK -1, INVALID -2, EXPIRED 2',
  },
  {
    name: 'verdict_timestamp_seconds',
    type: 'gauge',
    labels: ['experiment'],
    help: 'End of the newest second that is judged; 0 before there is one',
  },
  { name: 'gate_estimate', type: 'gauge', labels: ['experiment', 'gate'], help: 'Estimate in the unit of the margin' },
  { name: 'gate_lower', type: 'gauge', labels: ['experiment', 'gate'], help: 'Lower end of its confidence sequence' },
  { name: 'gate_upper', type: 'gauge', labels: ['experiment', 'gate'], help: 'Upper end of its confidence sequence' },
  { name: 'gate_margin', type: 'gauge', labels: ['experiment', 'gate'], help: 'The margin that was declared' },
  {
    name: 'gate_log_e',
    type: 'gauge',
    labels: ['experiment', 'gate', 'side'],
    help: 'Natural logarithm of the evidence for harm and for safety',
  },
  {
    name: 'gate_log_e_threshold',
    type: 'gauge',
    labels: ['experiment', 'gate', 'side'],
    help: 'Where that evidence decides',
  },
  { name: 'gate_samples', type: 'gauge', labels: ['experiment', 'gate'], help: 'Votes' },
  {
    name: 'gate_state',
    type: 'gauge',
    labels: ['experiment', 'gate'],
    help: 'safe 1, harm -1, open or without data 0',
  },
  {
    name: 'event_loop_lag_seconds',
    type: 'gauge',
    labels: ['thread'],
    help: 'Worst lateness of the thread within the last second',
  },
  {
    name: 'thread_busy_ratio',
    type: 'gauge',
    labels: ['thread'],
    help: 'Share of the time in which the thread was not idle; from limits.busy on copies are given up',
  },
  {
    name: 'config_revision_info',
    type: 'gauge',
    labels: ['revision', 'hash'],
    help: '1 for the configuration in force',
  },
  { name: 'config_reload_failures_total', type: 'counter', labels: [], help: 'Configurations refused at a reload' },
  { name: 'build_info', type: 'gauge', labels: ['version', 'node'], help: '1 for the running build' },
] as const satisfies readonly MetricSpec[]

export type MetricName = (typeof METRICS)[number]['name']
