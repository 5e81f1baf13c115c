import { REDACTED } from '../sinks/redact.ts'

/**
 * Why the body of a record is not what the comparison saw:
 * - `no_bodies`: the record has none, see `record.bodies`;
 * - `cut`: it was longer than `record.max_body`;
 * - `withheld`: fields of it were to be redacted and could not be;
 * - `redacted`: a field of it is;
 * - `rounded`: it has integers beyond 2^53, which records carry rounded.
 */
export type BodyFlaw = 'no_bodies' | 'cut' | 'withheld' | 'redacted' | 'rounded'

export type RecordedBody =
  /** `isRewritten`: it is JSON, and comes without the white space of its own that it had. */
  | { readonly kind: 'body'; readonly body: Buffer; readonly isRewritten: boolean }
  | { readonly kind: 'flawed'; readonly flaw: BodyFlaw }

/** The bytes of an answer as a record carries it, see sinks/record-body.ts; JSON comes without its own white space. */
export function recordedBody(value: unknown): RecordedBody {
  if (value === undefined) return flawed('no_bodies')
  if (typeof value !== 'object' || value === null) return jsonBody(value)
  if ('withheld' in value) return flawed('withheld')
  if (!('encoding' in value)) return jsonBody(value)
  const { encoding, data, truncated } = value as { encoding: unknown; data?: unknown; truncated?: unknown }
  if (truncated !== false) return flawed('cut')
  if (encoding === 'json') return jsonBody(data)
  if (typeof data !== 'string') return flawed('no_bodies')
  return { kind: 'body', body: Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8'), isRewritten: false }
}

function jsonBody(value: unknown): RecordedBody {
  const flaw = findFlaw(value)
  if (flaw !== null) return flawed(flaw)
  return { kind: 'body', body: Buffer.from(JSON.stringify(value) ?? 'null'), isRewritten: true }
}

/** By a list of what is left to look at: bodies may nest deeper than calls can. */
function findFlaw(value: unknown): BodyFlaw | null {
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (next === REDACTED) return 'redacted'
    if (typeof next === 'number' && Number.isInteger(next) && !Number.isSafeInteger(next)) return 'rounded'
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) left.push(inner)
  }
  return null
}

function flawed(flaw: BodyFlaw): RecordedBody {
  return { kind: 'flawed', flaw }
}
