import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { undecoded, type Undecoded } from './payload.ts'

/** An answer that unpacks to more than this is not compared: a few kB of gzip can hold gigabytes. */
export const MAX_DECODED_BYTES = 32 * 1024 * 1024

/** RFC 9110 allows a list; more than this many is an attack, not a model server. */
const MAX_CODINGS = 3

export type DecodedBody = { readonly kind: 'body'; readonly body: Buffer } | Undecoded

/**
 * Undoes the content encodings, last one first. Identity costs nothing and returns the same buffer.
 * Never throws: `unknown_encoding`, `too_large` or `truncated` say what stood in the way.
 */
export function decodeBody(body: Buffer, contentEncoding: string, maxBytes: number = MAX_DECODED_BYTES): DecodedBody {
  if (contentEncoding === '' || body.length === 0) return { kind: 'body', body }
  const codings = contentEncoding.toLowerCase().split(',')
  if (codings.length > MAX_CODINGS) return undecoded('unknown_encoding', `${codings.length} content codings`)
  let decoded = body
  for (const coding of codings.toReversed()) {
    const name = coding.trim()
    try {
      const next = unpack(decoded, name, maxBytes)
      if (next === null) return undecoded('unknown_encoding', `content-encoding ${name.slice(0, 40)}`)
      decoded = next
    } catch (error) {
      return undecodable(name, error)
    }
  }
  return { kind: 'body', body: decoded }
}

/** null: not a coding we know. */
function unpack(body: Buffer, coding: string, maxOutputLength: number): Buffer | null {
  switch (coding) {
    case '':
    case 'identity':
      return body
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(body, { maxOutputLength })
    case 'deflate':
      return inflateEither(body, maxOutputLength)
    case 'br':
      return brotliDecompressSync(body, { maxOutputLength })
    case 'zstd':
      return zstdDecompressSync(body, { maxOutputLength })
    default:
      return null
  }
}

/** `deflate` means the zlib format, but servers have sent bare deflate data under that name since the nineties. */
function inflateEither(body: Buffer, maxOutputLength: number): Buffer {
  const looksLikeZlib = ((body[0] ?? 0) & 0x0f) === 8 && body.length > 1 && body.readUInt16BE(0) % 31 === 0
  return looksLikeZlib ? inflateSync(body, { maxOutputLength }) : inflateRawSync(body, { maxOutputLength })
}

function undecodable(coding: string, error: unknown): Undecoded {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const detail = `${coding}: ${error instanceof Error ? error.message : String(error)}`
  if (code === 'ERR_BUFFER_TOO_LARGE') return undecoded('too_large', detail)
  if (code === 'Z_BUF_ERROR') return undecoded('truncated', detail)
  return undecoded('unknown_encoding', detail)
}
