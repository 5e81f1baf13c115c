import { isUtf8 } from 'node:buffer'
import { countKeys } from './json-keys.ts'
import { scanJsonText } from './json-text.ts'
import { withBase64, withoutBase64 } from './long-strings.ts'
import { parseTolerantJson } from './tolerant-json.ts'

export type ParsedJson = { readonly kind: 'json'; readonly value: unknown } | NotJson
export interface NotJson {
  readonly kind: 'not_json'
  readonly detail: string
}

/** Reads a body as `parseJsonText` reads text; a byte order mark is skipped. Never throws. */
export function parseJson(body: Buffer): ParsedJson {
  if (!isUtf8(body)) return { kind: 'not_json', detail: 'not UTF-8' }
  return parseJsonText(body.toString('utf8', body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0))
}

/**
 * Reads JSON as model servers write it: `NaN`, `Infinity` and `-Infinity` are numbers, and integers beyond 2^53 become
 * bigint. Text without either goes through the engine's own parser. An object with the same key twice is refused, because
 * readers differ in which of the two they take; so is nesting that would exhaust the stack of whoever walks it. Never throws.
 */
export function parseJsonText(text: string): ParsedJson {
  const written = scanJsonText(text)
  const short = written.longStrings.length === 0 ? null : withoutBase64(text, written.longStrings)
  const parsed = parse(short?.text ?? text, written.hasLongInteger)
  // What is wrong, and where, is said of the text itself.
  if (parsed.kind === 'not_json') return short === null ? parsed : parse(text, written.hasLongInteger)
  const keys = countKeys(parsed.value)
  if (keys === null) return { kind: 'not_json', detail: 'nested too deeply' }
  if (keys !== written.keys) return { kind: 'not_json', detail: 'an object has the same key twice' }
  return short === null ? parsed : { kind: 'json', value: withBase64(parsed.value, short.taken) }
}

function parse(text: string, hasLongInteger: boolean): ParsedJson {
  try {
    if (!hasLongInteger) return { kind: 'json', value: JSON.parse(text) }
  } catch {
    // Perhaps only for its NaN: the tolerant parser has the last word.
  }
  try {
    return { kind: 'json', value: parseTolerantJson(text) }
  } catch (error) {
    return { kind: 'not_json', detail: error instanceof Error ? error.message : String(error) }
  }
}
