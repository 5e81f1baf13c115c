import { ERROR_CODES, type ErrorCode } from '../errors.ts'
import type { StreamTiming } from '../sinks/findings.ts'
import { PAIR_SCHEMA } from '../sinks/record.ts'
import { INCOMPARABLE_REASONS, OUTCOMES, type IncomparableReason, type Outcome } from '../wire/outcomes.ts'
import { isCount, isRecord, readWindow, WINDOW_SCHEMA } from '../wire/read-window.ts'
import type { SealedWindow } from '../wire/window.ts'

/** `other`: a record of a kind that no verdict is made of. `damaged`: no record at all. */
export type ReadRecord =
  | { readonly kind: 'window'; readonly window: SealedWindow }
  | { readonly kind: 'pair'; readonly pair: RecordedPair }
  | { readonly kind: 'other' | 'damaged' }

/** What a replay needs of a pair record. */
export interface RecordedPair {
  readonly id: string
  readonly requestId: string
  readonly experiment: string
  /** Seconds since the epoch at which it arrived. */
  readonly second: number
  readonly method: string
  readonly path: string
  readonly primary: RecordedLeg
  readonly shadow: RecordedLeg
  readonly result: Outcome
  /** Given where the result is `incomparable`. */
  readonly reason: IncomparableReason | null
  /** Its unit had voted before. */
  readonly isRepeat: boolean
  readonly isStochastic: boolean
  /** `none`: nothing of the answers was compared. */
  readonly task: string
  readonly hasEqualBytes: boolean
  /** As the record has them; undefined where it has none. */
  readonly bodies: { readonly primary?: unknown; readonly shadow?: unknown }
}

export interface RecordedLeg {
  readonly upstream: string
  readonly version: string | null
  readonly status: number
  readonly latencyUs: number
  readonly contentType: string
  /** Bytes of JSON before binary tensors; 0: there are none. */
  readonly headerLength: number
  readonly error: ErrorCode | null
  /** null: it came in one piece. */
  readonly stream: Pick<StreamTiming, 'firstTokenUs' | 'tokens'> | null
}

type Fields = Readonly<Record<string, unknown>>

/** One line of a file or one message of a topic. Never throws. */
export function readRecord(text: string): ReadRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'damaged' }
  }
  const fields = fieldsOf(value)
  const schema = fields?.['schema']
  if (fields === null || typeof schema !== 'string') return { kind: 'damaged' }
  if (schema === WINDOW_SCHEMA) {
    const window = readWindow(fields)
    return window === null ? { kind: 'damaged' } : { kind: 'window', window }
  }
  return schema === PAIR_SCHEMA ? readPair(fields) : { kind: 'other' }
}

function readPair(fields: Fields): ReadRecord {
  const { id, requestId, experiment, method, path } = fields
  const second = secondOf(fields['arrivedAt'])
  const primary = readLeg(fields['primary'])
  const shadow = readLeg(fields['shadow'])
  const comparison = readComparison(fields['comparison'])
  if (typeof id !== 'string' || typeof experiment !== 'string' || typeof path !== 'string') return { kind: 'damaged' }
  if (second === null || primary === null || shadow === null || comparison === null) return { kind: 'damaged' }
  // A control shadow shows the primary's noise, not the candidate.
  if (fieldsOf(fields['shadow'])?.['role'] !== 'shadow') return { kind: 'other' }
  const bodies = fieldsOf(fields['bodies']) ?? {}
  const isRepeat = fields['repeat'] === true
  const isStochastic = fields['stochastic'] === true
  const pair = { id, experiment, second, isRepeat, isStochastic, path, primary, shadow, ...comparison, bodies }
  return { kind: 'pair', pair: { ...pair, requestId: text(requestId), method: text(method) } }
}

function readLeg(value: unknown): RecordedLeg | null {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const { upstream, version, status, latencyUs, contentType, headerLength, error } = fields
  if (typeof upstream !== 'string' || !isCount(status) || !isCount(latencyUs)) return null
  return {
    upstream,
    version: typeof version === 'string' ? version : null,
    status,
    latencyUs,
    contentType: text(contentType),
    headerLength: isCount(headerLength) ? headerLength : 0,
    error: error === undefined ? null : errorCode(error),
    stream: readStream(fields['stream']),
  }
}

function readStream(value: unknown): RecordedLeg['stream'] {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const { firstTokenUs, tokens } = fields
  return { firstTokenUs: isCount(firstTokenUs) ? firstTokenUs : null, tokens: isCount(tokens) ? tokens : null }
}

/** A code of a later version is an error like any other: to a comparison it makes no difference which. */
function errorCode(value: unknown): ErrorCode {
  return ERROR_CODES.find(code => code === value) ?? 'INTERNAL'
}

function readComparison(value: unknown): Pick<RecordedPair, 'result' | 'reason' | 'task' | 'hasEqualBytes'> | null {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const result = OUTCOMES.find(outcome => outcome === fields['result'])
  const reason = INCOMPARABLE_REASONS.find(each => each === fields['reason']) ?? null
  if (result === undefined || (result === 'incomparable') !== (reason !== null)) return null
  const hasEqualBytes = fieldsOf(fields['metrics'])?.['identical_bytes'] === 1
  return { result, reason, task: text(fields['task']), hasEqualBytes }
}

const TO_THE_SECOND = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?=(\.\d+)?Z$)/

function secondOf(arrivedAt: unknown): number | null {
  const match = typeof arrivedAt === 'string' ? TO_THE_SECOND.exec(arrivedAt) : null
  if (match === null) return null
  const ms = Date.parse(`${match[0]}Z`)
  return Number.isNaN(ms) ? null : ms / 1e3
}

function fieldsOf(value: unknown): Fields | null {
  return isRecord(value) ? value : null
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
