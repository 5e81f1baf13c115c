import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeBody } from '../../../../src/analysis/payloads/decode-body.ts'

const BODY = Buffer.from(JSON.stringify({ predictions: Array.from({ length: 200 }, (_, i) => i / 7) }))

describe('decodeBody', () => {
  test.each([
    ['identity', BODY],
    ['gzip', gzipSync(BODY)],
    ['X-GZIP', gzipSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['zstd', zstdCompressSync(BODY)],
    ['br, gzip', gzipSync(brotliCompressSync(BODY))],
  ])('unpacks %s', (coding, packed) => {
    expect(decodeBody(packed, coding)).toEqual({ kind: 'body', body: BODY })
  })

  test('unpacks deflate without the zlib frame, which some servers send', () => {
    expect(decodeBody(deflateRawSync(BODY), 'deflate')).toEqual({ kind: 'body', body: BODY })
  })

  test('keeps the very buffer when there is no encoding', () => {
    expect(decodeBody(BODY, '')).toHaveProperty('body', BODY)
  })

  test('does not unpack more than the limit, whatever the packed size', () => {
    const bomb = Buffer.alloc(4 * 1024 * 1024)
    for (const [coding, packed] of [
      ['gzip', gzipSync(bomb)],
      ['deflate', deflateSync(bomb)],
      ['br', brotliCompressSync(bomb)],
      ['zstd', zstdCompressSync(bomb)],
    ] as const) {
      expect(decodeBody(packed, coding, 1024 * 1024), coding).toMatchObject({ kind: 'failed', reason: 'too_large' })
    }
  })

  test('calls a packed body that ends early truncated', () => {
    for (const [coding, packed] of [
      ['gzip', gzipSync(BODY)],
      ['deflate', deflateSync(BODY)],
      ['br', brotliCompressSync(BODY)],
      ['zstd', zstdCompressSync(BODY)],
    ] as const) {
      const cut = packed.subarray(0, packed.length - 10)
      expect(decodeBody(cut, coding), coding).toMatchObject({ kind: 'failed', reason: 'truncated' })
    }
  })

  test.each(['compress', 'gzip, gzip, gzip, gzip'])('refuses the encoding %s', coding => {
    expect(decodeBody(gzipSync(BODY), coding)).toMatchObject({ kind: 'failed', reason: 'unknown_encoding' })
  })

  test('refuses bytes that are not what the encoding says', () => {
    expect(decodeBody(BODY, 'gzip')).toMatchObject({ kind: 'failed', reason: 'unknown_encoding' })
    expect(decodeBody(BODY, 'zstd')).toMatchObject({ kind: 'failed', reason: 'unknown_encoding' })
  })
})
