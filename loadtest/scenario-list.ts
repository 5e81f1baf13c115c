import type { RateStep } from './arrival-schedule.ts'
import { INFER_REQUEST, type Behaviour } from './behaviours.ts'
import { sizedRequest } from './sized-request.ts'

/** What is sent, for as long as one measurement takes. */
export interface ScenarioLoad {
  readonly ratePerS: number | readonly RateStep[] | null
  readonly connections: number
  readonly body: string
}

/** One of the two Understudies that a scenario compares. */
export interface Side {
  readonly shadow: Behaviour | null
  /** Records go to a broker whose address refuses connections, instead of a file. */
  readonly kafkaDown?: boolean
  /** The routing file is changed and read again all the time. */
  readonly reloads?: boolean
}

export interface Scenario {
  /** As `--scenario` calls it. */
  readonly name: string
  /** As the table calls it. */
  readonly title: string
  readonly primary: Behaviour
  readonly load: (measureMs: number) => ScenarioLoad
  readonly subject: Side
  /** The same load under the same primary, without what the scenario is about. */
  readonly reference: Side
}

const KIB = 1024
const UNSHADOWED: Side = { shadow: null }
const SHADOWED: Side = { shadow: 'healthy' }

const RATE_PER_S = 1000
const BURST_PER_S = 3000
const BURST_MS = 200
const RAMP_PER_S = [200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]
/** 64 KiB 300 times a second are 20 MB/s to the primary and as much to the shadow. */
const MEDIUM_BODIES_PER_S = 300
const LARGE_BODIES_PER_S = 20
/** An answer takes 250 ms, so that a dozen streams are open at a time, with 2 500 events per second. */
const STREAMS_PER_S = 50

const steady = fixed(RATE_PER_S, 32, INFER_REQUEST)

export const SCENARIOS: readonly Scenario[] = [
  // How far two equal things differ here: no other row can mean more than that.
  { ...shadowed('noise', 'no shadow on either side (noise of the method)', steady), subject: UNSHADOWED },
  shadowed('steady', `steady ${RATE_PER_S}/s`, steady),
  shadowed('burst', `${RATE_PER_S / 2}/s, bursts of ${BURST_PER_S}/s for ${BURST_MS} ms`, burst),
  shadowed('ramp', `ramp ${RAMP_PER_S[0]} to ${RAMP_PER_S.at(-1)}/s`, ramp),
  shadowed('saturation', 'saturation (closed loop)', () => ({ ratePerS: null, connections: 64, body: INFER_REQUEST })),
  shadowed('bodies-64KiB', '64 KiB bodies', fixed(MEDIUM_BODIES_PER_S, 32, sizedRequest(64 * KIB))),
  shadowed('bodies-1MiB', '1 MiB bodies', fixed(LARGE_BODIES_PER_S, 16, sizedRequest(KIB * KIB))),
  {
    ...shadowed('sse', 'server-sent events', fixed(STREAMS_PER_S, 64, INFER_REQUEST)),
    primary: 'sse',
    subject: { shadow: 'sse' },
  },
  { ...shadowed('slow-shadow', 'slow shadow (500 ms)', steady), subject: { shadow: 'slow' } },
  { ...shadowed('dead-shadow', 'dead shadow (refuses)', steady), subject: { shadow: 'refusing' } },
  {
    ...shadowed('kafka-down', 'Kafka down (beside a file)', steady),
    subject: { ...SHADOWED, kafkaDown: true },
    reference: SHADOWED,
  },
  {
    ...shadowed('reload', 'reload every 500 ms', steady),
    subject: { ...SHADOWED, reloads: true },
    reference: SHADOWED,
  },
]

/** A healthy shadow at 100 % beside none. */
function shadowed(name: string, title: string, load: Scenario['load']): Scenario {
  return { name, title, load, primary: 'healthy', subject: SHADOWED, reference: UNSHADOWED }
}

function fixed(ratePerS: number, connections: number, body: string): Scenario['load'] {
  return () => ({ ratePerS, connections, body })
}

function calm(forMs: number): RateStep {
  return { ratePerS: RATE_PER_S / 2, forMs }
}

/** Two bursts with as much time between them as before and after both together. */
function burst(measureMs: number): ScenarioLoad {
  const high: RateStep = { ratePerS: BURST_PER_S, forMs: BURST_MS }
  const calmMs = measureMs - 2 * BURST_MS
  const steps = [calm(calmMs / 4), high, calm(calmMs / 2), high, calm(calmMs / 4)]
  return { ratePerS: steps, connections: 64, body: INFER_REQUEST }
}

function ramp(measureMs: number): ScenarioLoad {
  const forMs = measureMs / RAMP_PER_S.length
  return { ratePerS: RAMP_PER_S.map(ratePerS => ({ ratePerS, forMs })), connections: 64, body: INFER_REQUEST }
}
