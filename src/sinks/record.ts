import type { ExperimentPlan, FieldPath, RecordPlan, Snapshot } from '../config/snapshot.ts'
import type { IncomparableReason, Outcome } from '../wire/outcomes.ts'
import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import type { SealedWindow } from '../wire/window.ts'
import { bodyJson } from './record-body.ts'
import { redactDifference } from './redact.ts'
import type { SinkRecord } from './sink.ts'

export const PAIR_SCHEMA = 'understudy.pair/1'

/** How two answers differ at one path. */
export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value' | 'order' | 'size'

export interface Difference {
  /** `$.outputs[0].data[3]`: a path of the body itself, so that redaction by path finds it. */
  readonly path: string
  readonly kind: DifferenceKind
  readonly primary: unknown
  readonly shadow: unknown
}

/** What the comparator found; `reason` says why a pair is incomparable. */
export interface Comparison {
  readonly result: Outcome
  readonly task: string
  readonly reason?: IncomparableReason
  readonly metrics: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
  /** Whether there are more differences than are listed. */
  readonly truncated: boolean
}

/** Bodies without their content-encoding; null: not captured, or it does not decode. */
export interface DecodedBodies {
  readonly request: Buffer | null
  readonly primary: Buffer | null
  readonly shadow: Buffer | null
}

export interface PairRecordInput {
  readonly frame: PairFrame
  /** The snapshot of `frame.revision`. */
  readonly snapshot: Snapshot
  readonly experiment: ExperimentPlan
  readonly comparison: Comparison
  readonly decoded: DecodedBodies
}

/** A differing value longer than this is cut: a record lists differences, it does not carry answers in them. */
const DIFFERENCE_VALUE_CHARS = 256

/** `bodies: on-disagreement` keeps them where the legs differ, be it in the answer or in having one. */
const DISAGREEMENTS: readonly Outcome[] = ['disagree', 'shadow_error', 'primary_error']

/** The record of one compared pair: serialised, redacted and cut as the snapshot's `record` says. Never throws. */
export function pairRecord({ frame, snapshot, experiment, comparison, decoded }: PairRecordInput): SinkRecord {
  const redactPaths = snapshot.record?.redactPaths ?? []
  const fields = [
    ['schema', JSON.stringify(PAIR_SCHEMA)],
    ['id', JSON.stringify(frame.id)],
    ['requestId', JSON.stringify(frame.requestId)],
    ['route', JSON.stringify(experiment.route)],
    ['experiment', JSON.stringify(experiment.id)],
    ['arrivedAt', JSON.stringify(rfc3339(frame.arrivedAtUs))],
    ['revision', String(frame.revision)],
    ['unit', 'null'],
    ['arm', '"primary"'],
    ['method', JSON.stringify(frame.method)],
    // Without the query: it may carry keys, and redaction reaches bodies only.
    ['path', JSON.stringify(frame.path.split('?', 1)[0])],
    ['primary', JSON.stringify(leg(frame.primary, experiment.primary, snapshot))],
    ['shadow', JSON.stringify({ role: 'shadow', ...leg(frame.shadow, experiment.candidate, snapshot) })],
    ['sentFirst', JSON.stringify(frame.sentFirst)],
    ['comparison', comparisonJson(comparison, redactPaths)],
    ['inclusion', JSON.stringify(experiment.inclusion)],
  ]
  if (snapshot.record !== null && keepsBodies(snapshot.record, comparison.result)) {
    fields.push(['bodies', bodiesJson(decoded, snapshot.record)])
  }
  return {
    stream: 'pairs',
    key: frame.id,
    event: {
      id: frame.id,
      type: PAIR_SCHEMA,
      // One exchange makes a pair for each shadow, all with its id: the experiment makes the event unique.
      source: eventSource(experiment.id),
      timeMs: Math.floor(frame.arrivedAtUs / 1e3),
    },
    value: `{${fields.map(([name, json]) => `"${name}":${json}`).join(',')}}`,
  }
}

/** The record of one sealed window; its key keeps the windows of an experiment in one partition, in order. */
export function windowRecord(window: SealedWindow): SinkRecord {
  return {
    stream: 'windows',
    key: window.experiment,
    event: {
      id: `${window.origin}/${window.second}`,
      type: window.schema,
      source: eventSource(window.experiment),
      timeMs: window.second * 1e3,
    },
    value: JSON.stringify(window),
  }
}

function eventSource(experiment: string): string {
  return `/experiments/${encodeURIComponent(experiment)}`
}

function leg(leg: FrameLeg, upstream: ExperimentPlan['primary'], snapshot: Snapshot): Record<string, unknown> {
  const endpoints = snapshot.upstreams.find(plan => plan.name === upstream.upstream)?.endpoints
  return {
    upstream: upstream.upstream,
    version: upstream.version,
    endpoint: endpoints?.[leg.endpoint]?.authority ?? null,
    status: leg.status,
    latencyUs: leg.latencyUs,
    ttfbUs: leg.ttfbUs,
    bytes: leg.bytes,
    ...(leg.contentType === '' ? {} : { contentType: leg.contentType }),
    ...(leg.error === null ? {} : { error: leg.error }),
  }
}

function comparisonJson(comparison: Comparison, redactPaths: readonly FieldPath[]): string {
  const { result, task, reason, metrics, truncated } = comparison
  const differences = comparison.differences.map(({ path, kind, primary, shadow }) => {
    const sides = [primary, shadow].map(value => valueJson(redactDifference(value, path, redactPaths)))
    return `{"path":${JSON.stringify(path)},"kind":"${kind}","primary":${sides[0]},"shadow":${sides[1]}}`
  })
  const head = JSON.stringify({ result, task, ...(reason === undefined ? {} : { reason }), metrics })
  return `${head.slice(0, -1)},"differences":[${differences.join(',')}],"truncated":${truncated}}`
}

function keepsBodies(plan: RecordPlan, result: Outcome): boolean {
  return plan.bodies === 'always' || (plan.bodies === 'on-disagreement' && DISAGREEMENTS.includes(result))
}

function bodiesJson(decoded: DecodedBodies, plan: RecordPlan): string {
  const sides = (['request', 'primary', 'shadow'] as const).flatMap(side => {
    const body = decoded[side]
    return body === null ? [] : [`"${side}":${bodyJson(body, plan)}`]
  })
  return `{${sides.join(',')}}`
}

/** The JSON of a differing value; an absent side is null, as is what JSON has no word for (NaN, infinities). */
function valueJson(value: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
  } catch {
    json = '"[nested too deeply]"'
  }
  if (json === undefined) return 'null'
  return json.length <= DIFFERENCE_VALUE_CHARS ? json : JSON.stringify(`${json.slice(0, DIFFERENCE_VALUE_CHARS)}…`)
}

/** RFC 3339 in UTC with microseconds. */
function rfc3339(timeUs: number): string {
  const micros = String(Math.floor(timeUs) % 1000).padStart(3, '0')
  return new Date(Math.floor(timeUs / 1e3)).toISOString().replace('Z', `${micros}Z`)
}
