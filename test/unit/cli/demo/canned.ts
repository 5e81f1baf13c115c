import type { ExperimentView } from '../../../../src/control/admin/experiment-view.ts'
import type { VerdictView } from '../../../../src/control/admin/verdict-view.ts'
import type { Places } from '../../../../src/cli/demo/stage.ts'
import type { TrafficStats } from '../../../../src/cli/demo/traffic.ts'
import type { Percentiles } from '../../../../src/wire/messages.ts'
import { DROP_REASONS, INCOMPARABLE_REASONS, UNPAIRED_REASONS, zeroes } from '../../../../src/wire/outcomes.ts'

/** Answers as the admin API gives them, and a client's side that fits. */

const percentiles = (p50: number, p99: number): Percentiles => ({ count: 970, p50, p90: p50 * 2, p99, max: p99 + 1 })
const leg = (p50: number, p99: number) => {
  const all = percentiles(p50, p99)
  return { lastMinute: all, tenMinutes: all, all }
}

export const EXPERIMENT_VIEW: ExperimentView = {
  id: 'digits.digits-v2.0123abcd',
  route: 'digits',
  primary: { upstream: 'digits-v1', version: '1' },
  candidate: { upstream: 'digits-v2', version: '2' },
  role: 'candidate',
  current: true,
  counts: {
    eligible: 1000,
    sampled: 1000,
    sent: 990,
    dropped: { ...zeroes(DROP_REASONS), in_flight: 10 },
    pairs: 990,
    stochastic: 0,
    unpaired: zeroes(UNPAIRED_REASONS),
    outcomes: { agree: 920, disagree: 50, shadow_error: 20, primary_error: 0, both_error: 0, incomparable: 0 },
    incomparable: zeroes(INCOMPARABLE_REASONS),
    noise: { neither: 0, shadow: 0, control: 0, both: 0 },
    arms: {},
  },
  gates: [],
  noise: null,
  latency: { primary: leg(840, 2_300), shadow: leg(1_200, 45_600) },
  topFields: [{ path: '$.outputs.label[0]', kind: 'value', count: 50 }],
  confusions: [{ primary: '3', shadow: '8', count: 50 }],
  otherConfusions: 0,
  metrics: { flips: { count: 50, mean: 1 } },
}

export const VERDICT_VIEW: VerdictView = {
  experiment: EXPERIMENT_VIEW.id,
  verdict: 'ROLLBACK',
  judged: 'ROLLBACK',
  override: null,
  code: 'harm',
  reason: 'agreement harm: 94.8 % agree, at least 96 % asked',
  asOf: '2026-01-01T00:00:00.000Z',
  watermark: 1_767_225_599,
  primary: EXPERIMENT_VIEW.primary,
  candidate: EXPERIMENT_VIEW.candidate,
  coverage: { eligible: 1000, sampled: 1000, paired: 990, lost: { in_flight: 10 }, bounds: [0.93, 0.94] },
  alpha: { rollback: 0.01, promote: 0.05 },
  latencyThresholdMs: 50,
  firstTokenThresholdMs: null,
  canaryLatencyThresholdMs: null,
  gates: [
    {
      id: 'agreement',
      n: 970,
      estimate: 0.948,
      interval: [0.93, 0.96],
      margin: 0.96,
      logE: { harm: 7, safe: -4 },
      threshold: { harm: 5.7, safe: 3 },
      state: 'harm',
      reason: 'agreement harm: 94.8 % agree, at least 96 % asked',
    },
  ],
}

export const TRAFFIC: TrafficStats = {
  sent: 1003,
  answered: { '2xx': 1000, '5xx': 2 },
  failed: 1,
  requestsPerSecond: 49.96,
  latency: { p50Us: 1_900, p99Us: 7_100 },
  answersByImage: new Map(),
}

export const PLACES: Places = {
  proxyUrl: 'http://127.0.0.1:4001',
  adminUrl: 'http://127.0.0.1:4002',
  directory: '/tmp/understudy-demo-x',
  routingFile: '/tmp/understudy-demo-x/routing.yaml',
  recordsFile: '/tmp/understudy-demo-x/pairs.ndjson',
  sampleCurl: 'curl -s -d @/tmp/understudy-demo-x/sample-request.json http://127.0.0.1:4001/v2/models/digits/infer',
}

/** All of the probability on one digit. */
export function sure(label: number, p = 1) {
  return { label, probabilities: Array.from({ length: 10 }, (_, digit) => (digit === label ? p : (1 - p) / 9)) }
}

/** A pair record, as far as the demo reads it. */
export function pairRecord(id: string, image: number, primary: number, shadow: number, p = 1) {
  return { id, requestId: `image-${image}-7`, bodies: { primary: answer(primary, p), shadow: answer(shadow, p) } }
}

function answer(label: number, p: number) {
  return {
    outputs: [
      { name: 'probabilities', data: sure(label, p).probabilities },
      { name: 'label', data: [label] },
    ],
  }
}
