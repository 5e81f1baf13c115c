import { isUtf8 } from 'node:buffer'
import type { RecordPlan } from '../config/snapshot.ts'
import { redactFields, sessionPaths, withoutTexts } from './redact.ts'

/**
 * A body as a pair record carries it:
 * - a JSON body that fits `max_body` is itself, parsed and redacted;
 * - any other body is text or base64, cut at `max_body` (`bytes` is its whole length);
 * - a body in which fields cannot be redacted although they should be is withheld.
 * A JSON body that could be mistaken for one of the latter two is wrapped as `encoding: json`.
 */
export type WrappedBody =
  | {
      readonly encoding: 'utf8' | 'base64'
      readonly data: string
      readonly truncated: boolean
      readonly bytes: number
    }
  | { readonly encoding: 'json'; readonly data: unknown; readonly truncated: false; readonly bytes: number }
  | { readonly withheld: 'not redactable'; readonly bytes: number }

/**
 * The JSON text of a body (decoded: without content-encoding) for a record. `bytes`: its whole length, where `body` is only
 * its beginning, longer than `max_body`.
 */
export function bodyJson(body: Buffer, plan: RecordPlan, bytes = body.length): string {
  if (bytes === 0) return wrap({ encoding: 'utf8', data: '', truncated: false, bytes })
  const fits = bytes <= plan.maxBodyBytes
  const parsed = fits ? parseJson(body) : undefined
  if (parsed !== undefined) {
    const data = redactFields(parsed.value, plan.redactPaths)
    const text = stringify(looksWrapped(data) ? { encoding: 'json', data, truncated: false, bytes } : data)
    if (text !== null) return text
  }
  if (plan.redactPaths.length > 0) return wrap({ withheld: 'not redactable', bytes })
  const kept = fits ? body : body.subarray(0, plan.maxBodyBytes)
  if (isUtf8(body.length === bytes ? body : withoutCutCharacter(body)))
    return wrap({ encoding: 'utf8', data: wholeCharacters(kept), truncated: !fits, bytes })
  return wrap({ encoding: 'base64', data: kept.toString('base64'), truncated: !fits, bytes })
}

/** The same of the messages of a WebSocket session, a JSON list. */
export function sessionJson(body: Buffer, plan: RecordPlan, bytes = body.length): string {
  const redactPaths = sessionPaths(plan.redactPaths)
  const messages = redactPaths.length > 0 && bytes <= plan.maxBodyBytes ? parseJson(body) : undefined
  const readable = messages === undefined ? null : stringify(withoutTexts(messages.value))
  return readable === null
    ? bodyJson(body, { ...plan, redactPaths }, bytes)
    : bodyJson(Buffer.from(readable), { ...plan, redactPaths, maxBodyBytes: Infinity })
}

function wrap(body: WrappedBody): string {
  return JSON.stringify(body)
}

function looksWrapped(data: unknown): boolean {
  return typeof data === 'object' && data !== null && ('encoding' in data || 'withheld' in data)
}

/** In a box, because `null` is JSON too. */
function parseJson(body: Buffer): { value: unknown } | undefined {
  if (!isUtf8(body)) return undefined
  try {
    return { value: JSON.parse(body.toString('utf8')) as unknown }
  } catch {
    return undefined
  }
}

/** null: nested so deeply that it parses but cannot be written again. */
function stringify(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

/** A cut can go through a character of up to four bytes: leaves the broken end out. */
function wholeCharacters(bytes: Buffer): string {
  return withoutCutCharacter(bytes).toString('utf8')
}

function withoutCutCharacter(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > bytes.length - 4 && end > 0 && !isUtf8(bytes.subarray(0, end))) end -= 1
  return bytes.subarray(0, end)
}
