import { describe, expect, test } from 'vitest'
import { mergeChunks } from '../../../../src/analysis/payloads/openai/merge-chunks.ts'

const merged = (...chunks: string[]) => mergeChunks(chunks.map(data => ({ type: '', data }))).map(({ data }) => data)
const chunk = (content: string, rest = '"finish_reason":null') => {
  return `{"id":"a","choices":[{"index":0,"delta":{"content":"${content}"},${rest}}]}`
}

describe('neighbouring chunks', () => {
  test('that differ in their content only become one', () => {
    expect(merged(chunk('a'), chunk(' b'), chunk(''), chunk('c'))).toEqual([chunk('a bc')])
    expect(merged('{"delta": {"content": "a"}}', '{"delta": {"content": "b"}}')).toEqual([
      '{"delta": {"content": "ab"}}',
    ])
  })

  test('keep escapes, quotes and backslashes within their contents', () => {
    expect(merged(chunk('\\"'), chunk('\\\\'), chunk('\\u00e9\\n'))).toEqual([chunk('\\"\\\\\\u00e9\\n')])
  })

  test('that differ in anything else stay apart', () => {
    const stop = chunk('b', '"finish_reason":"stop"')
    const other = chunk('b').replace('"index":0', '"index":1')
    expect(merged(chunk('a'), stop, chunk('c'))).toEqual([chunk('a'), stop, chunk('c')])
    expect(merged(chunk('a'), other, chunk('c'))).toEqual([chunk('a'), other, chunk('c')])
  })

  test.each([
    ['more than content in the delta', '{"choices":[{"delta":{"content":"a","refusal":"b"}}]}'],
    ['two deltas', '{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}'],
    ['two deltas, the first of another kind', '{"choices":[{"delta":{"role":"x"}},{"delta":{"content":"b"}}]}'],
    ['no content', '{"choices":[{"delta":{}}]}'],
    ['a content that does not end', '{"choices":[{"delta":{"content":"a'],
    ['half an escape', chunk('\\u00')],
    ['an escape that is none', chunk('\\q')],
  ])('with %s stay as they are', (_what, data) => {
    expect(merged(data, data)).toEqual([data, data])
    expect(merged(chunk('41'), data, chunk('41'))).toEqual([chunk('41'), data, chunk('41')])
  })

  test('of a named event stay as they are', () => {
    const event = { type: 'error', data: chunk('a') }
    expect(mergeChunks([event, event])).toEqual([event, event])
  })
})
