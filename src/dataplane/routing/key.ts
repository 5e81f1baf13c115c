import type { FieldPath, KeySource } from '../../config/snapshot.ts'
import type { RequestHead } from './request-head.ts'

const BEYOND_ASCII = /[\x80-\xff]/
const BEYOND_LATIN1 = /[\u0100-\uffff]/

/** The value a decision hangs on; null when this request does not carry it (or carries it empty). */
export function readKey(source: KeySource, head: RequestHead): string | null {
  switch (source.kind) {
    case 'request':
      return head.requestId
    case 'address':
      return head.address
    case 'header':
      return readHeader(head, source.name)
    case 'cookie':
      return readCookie(head.headers.cookie, source.name)
    case 'query':
      return new URLSearchParams(head.query).get(source.name) || null
    case 'json':
      return readField(source.path, head.json)
  }
}

function readHeader(head: RequestHead, name: string): string | null {
  const value = head.headers[name]
  return decoded((Array.isArray(value) ? value[0] : value) ?? '') || null
}

/** Headers are read as latin1, one character a byte; what is UTF-8 is the text that a user types, and query and body hold. */
function decoded(latin1: string): string {
  if (!BEYOND_ASCII.test(latin1) || BEYOND_LATIN1.test(latin1)) return latin1
  const text = Buffer.from(latin1, 'latin1').toString()
  return text.includes('\ufffd') ? latin1 : text
}

function readCookie(cookies: string | undefined, name: string): string | null {
  if (cookies === undefined) return null
  for (const pair of cookies.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return decoded(pair.slice(equals + 1).trim()) || null
  }
  return null
}

/** Text as it is, numbers and booleans as JSON writes them; anything else is no key. */
function readField(path: FieldPath, json: unknown): string | null {
  let value = json
  for (const step of path) {
    if (typeof value !== 'object' || value === null || typeof step === 'object') return null
    if (Array.isArray(value) !== (typeof step === 'number')) return null
    value = Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined
  }
  if (typeof value === 'string') return value || null
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}
