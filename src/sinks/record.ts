import type { ExperimentPlan, FieldPath, RecordPlan, Snapshot } from '../config/snapshot.ts'
import type { Outcome } from '../wire/outcomes.ts'
import type { FrameLeg, PairFrame } from '../wire/pair-frame.ts'
import type { SealedWindow } from '../wire/window.ts'
import type { Comparison, StreamTiming } from './findings.ts'
import { bodyJson, sessionJson } from './record-body.ts'
import { eventSource, recordParts } from './record-parts.ts'
import { redactDifference, sessionPaths } from './redact.ts'
import type { SinkRecord } from './sink.ts'

export const PAIR_SCHEMA = 'understudy.pair/1'

/** Bodies without their content-encoding; null: not captured, or it does not decode. */
export interface DecodedBodies {
  readonly request: Buffer | null
  readonly primary: Buffer | null
  readonly shadow: Buffer | null
}

/** All that the record of a pair is written from. */
export interface PairRecordInput {
  readonly frame: PairFrame
  /** The snapshot of `frame.revision`. */
  readonly snapshot: Snapshot
  readonly experiment: ExperimentPlan
  readonly comparison: Comparison
  /** Its unit has voted in this experiment. */
  readonly isRepeat: boolean
  /** Its request asks for an answer that may be another one each time. */
  readonly isStochastic: boolean
  readonly decoded: DecodedBodies
  /** null: no stream. */
  readonly streams: { readonly primary: StreamTiming | null; readonly shadow: StreamTiming | null }
}

/** A differing value longer than this is cut: a record lists differences, it does not carry answers in them. */
const DIFFERENCE_VALUE_CHARS = 256

/** `bodies: on-disagreement` keeps them where the legs differ, be it in the answer or in having one. */
const DISAGREEMENTS: readonly Outcome[] = ['disagree', 'shadow_error', 'primary_error']

/** The record of one compared pair: serialised, redacted and cut as the snapshot's `record` says. Never throws. */
export function pairRecord({
  frame,
  snapshot,
  experiment,
  comparison,
  isRepeat,
  isStochastic,
  decoded,
  streams,
}: PairRecordInput): SinkRecord {
  const parts = recordParts(snapshot, experiment)
  const unit = frame.unit === '' ? 'null' : parts.unitJson(frame.unit)
  const arrivedAt = rfc3339(frame.arrivedAtUs)
  const bodies =
    snapshot.record !== null && keepsBodies(snapshot.record, comparison.result)
      ? `,"bodies":${bodiesJson(decoded, frame, snapshot.record)}`
      : ''
  // Without the query: it may carry keys, and redaction reaches bodies only.
  const query = frame.path.indexOf('?')
  const path = query === -1 ? frame.path : frame.path.slice(0, query)
  return {
    stream: 'pairs',
    key: frame.unit === '' ? frame.id : (JSON.parse(unit) as string),
    event: { id: frame.id, type: PAIR_SCHEMA, source: parts.source, time: `${arrivedAt.slice(0, 23)}Z` },
    value:
      `{"schema":"${PAIR_SCHEMA}","id":${JSON.stringify(frame.id)},"requestId":${JSON.stringify(frame.requestId)},` +
      `${parts.identity},"arrivedAt":"${arrivedAt}","revision":${frame.revision},"unit":${unit},"arm":"primary",` +
      `"method":${JSON.stringify(frame.method)},"path":${JSON.stringify(path)},` +
      `"primary":${legJson(frame.primary, parts.primary, streams.primary)},` +
      `"shadow":${legJson(frame.shadow, parts.shadow, streams.shadow)},` +
      `"sentFirst":"${frame.sentFirst}",` +
      `"comparison":${comparisonJson(comparison, redactPathsOf(frame, snapshot.record))},` +
      `"inclusion":${parts.inclusion}${isRepeat ? ',"repeat":true' : ''}${isStochastic ? ',"stochastic":true' : ''}${bodies}}`,
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
      time: new Date(window.second * 1e3).toISOString(),
    },
    value: JSON.stringify(window),
  }
}

function legJson(leg: FrameLeg, beginnings: readonly string[], stream: StreamTiming | null): string {
  const type = leg.contentType === '' ? '' : `,"contentType":${JSON.stringify(leg.contentType)}`
  const header = leg.headerLength === 0 ? '' : `,"headerLength":${leg.headerLength}`
  const error = leg.error === null ? '' : `,"error":"${leg.error}"`
  const timing = stream === null ? '' : `,"stream":${JSON.stringify(stream)}`
  return (
    `${beginnings[leg.endpoint] ?? beginnings.at(-1)},"status":${leg.status},"latencyUs":${leg.latencyUs},` +
    `"ttfbUs":${leg.ttfbUs},"bytes":${leg.bytes}${type}${header}${error}${timing}}`
  )
}

function comparisonJson(comparison: Comparison, redactPaths: readonly FieldPath[]): string {
  const { result, task, payload, reason, metrics, truncated } = comparison
  const head = JSON.stringify({ result, task, payload, reason, metrics }).slice(0, -1)
  if (comparison.differences.length === 0) return `${head},"differences":[],"truncated":${truncated}}`
  const differences = comparison.differences.map(({ path, kind, primary, shadow }) => {
    const sides = [primary, shadow].map(value => valueJson(redactDifference(value, path, redactPaths)))
    return `{"path":${JSON.stringify(path)},"kind":"${kind}","primary":${sides[0]},"shadow":${sides[1]}}`
  })
  return `${head},"differences":[${differences.join(',')}],"truncated":${truncated}}`
}

function redactPathsOf({ session }: PairFrame, record: RecordPlan | null): readonly FieldPath[] {
  const paths = record?.redactPaths ?? []
  return session === null ? paths : sessionPaths(paths)
}

function keepsBodies(plan: RecordPlan, result: Outcome): boolean {
  return plan.bodies === 'always' || (plan.bodies === 'on-disagreement' && DISAGREEMENTS.includes(result))
}

function bodiesJson(decoded: DecodedBodies, frame: PairFrame, plan: RecordPlan): string {
  const json = frame.session === null ? bodyJson : sessionJson
  const sides = (['request', 'primary', 'shadow'] as const).flatMap(side => {
    const body = decoded[side]
    if (body === null) return []
    const cut = side === 'request' && frame.requestBody.length < frame.requestBytes
    return [`"${side}":${cut ? json(body, plan, frame.requestBytes) : json(body, plan)}`]
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

let secondOfText = -1
let textOfSecond = ''

/** RFC 3339 in UTC with microseconds. Up to the second it is the same for thousands of records, and rendered once. */
function rfc3339(timeUs: number): string {
  const us = Math.floor(timeUs)
  const second = Math.floor(us / 1e6)
  if (second !== secondOfText) {
    secondOfText = second
    textOfSecond = new Date(second * 1e3).toISOString().slice(0, 20)
  }
  return `${textOfSecond}${String(us - second * 1e6).padStart(6, '0')}Z`
}
