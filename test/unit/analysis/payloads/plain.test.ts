import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decoded } from '../../../support/decoded.ts'

describe('answers of no protocol', () => {
  test('lines of JSON, by their content type or by looking', () => {
    const values = [{ a: 1 }, { a: 2 }]
    for (const contentType of [
      'application/x-ndjson',
      'application/jsonl; charset=utf-8',
      'application/jsonlines',
      '',
    ]) {
      expect(decoded('/x', '{"a":1}\n\n{"a":2}\r\n', { contentType }), contentType).toEqual({
        format: 'json_lines',
        payload: { kind: 'json_lines', values },
      })
    }
    expect(decoded('/x', '{"a":1}', { contentType: 'application/x-ndjson' }).format).toBe('json_lines')
    expect(decoded('/x', '{"a":1}').format).toBe('json')
  })

  test('a last line that was cut makes the lines truncated, a broken one among them makes them no JSON', () => {
    expect(decoded('/x', '{"a":1}\n{"a":')).toMatchObject({ format: 'json_lines', payload: { reason: 'truncated' } })
    expect(decoded('/x', '{"a":1}\n{"a":\n{"a":2}\n')).toMatchObject({ payload: { reason: 'invalid_json' } })
  })

  test('text, whatever its content type says of text', () => {
    for (const contentType of ['text/plain', 'text/csv', '']) {
      expect(decoded('/x', 'grün\n\t1,2', { contentType })).toEqual({
        format: 'text',
        payload: { kind: 'text', text: 'grün\n\t1,2' },
      })
    }
    expect(decoded('/x', '1\n2\n').format).toBe('text')
  })

  test('bytes, by their content type or because they are no text', () => {
    const image = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1])
    const payload = { kind: 'bytes', length: 6, sha256: createHash('sha256').update(image).digest('hex') }
    expect(decoded('/x', image, { contentType: 'image/png' })).toEqual({ format: 'bytes', payload })
    expect(decoded('/x', image)).toEqual({ format: 'bytes', payload })
    expect(decoded('/x', 'hi', { contentType: 'application/octet-stream' }).format).toBe('bytes')
    expect(decoded('/x', Buffer.from([0xff, 0xfe]), { contentType: 'text/plain' }).format).toBe('bytes')
  })

  test('declared text must be text', () => {
    expect(decoded('/x', Buffer.from([0xff]), { declared: 'text' })).toMatchObject({ payload: { reason: 'not_text' } })
  })
})
