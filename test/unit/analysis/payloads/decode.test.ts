import { describe, expect, test } from 'vitest'
import { decoded, EVENT_STREAM, eventStream } from '../../../support/decoded.ts'
import { INFER_PATH } from '../../../support/pairs.ts'

const OIP = { outputs: [{ name: 'y', shape: [1], datatype: 'INT64', data: [5] }] }
const CHAT = {
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { content: 'hi' }, finish_reason: 'stop' }],
}
const COMPLETION = { choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] }
const EMBEDDINGS = { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5, -1] }] }

describe('the protocol is recognised', () => {
  test.each([
    ['/v2/models/m/infer', OIP, 'oip'],
    ['/v2/models/m/versions/3/infer', OIP, 'oip'],
    ['/gateway/v2/models/m/infer?trace=1', OIP, 'oip'],
    ['/v2/models/m/generate', { text_output: 'hi' }, 'generate'],
    ['/v1/models/m:predict', { predictions: [1] }, 'tfserving'],
    ['/v1/models/m/versions/2:classify', { results: [[['cat', 0.5]]] }, 'tfserving'],
    ['/v1/models/m/labels/stable:regress', { results: [0.5] }, 'tfserving'],
    ['/openai/v1/completions', COMPLETION, 'openai'],
    ['/openai/deployments/d/chat/completions?api-version=1', CHAT, 'openai'],
    ['/v1/embeddings', EMBEDDINGS, 'openai'],
    ['/generate', { generated_text: 'hi' }, 'tgi'],
  ])('by the path %s', (path, answer, format) => {
    expect(decoded(path, answer).format).toBe(format)
  })

  test.each([
    [OIP, 'oip'],
    [CHAT, 'openai'],
    [EMBEDDINGS, 'openai'],
    [{ model_name: 'm', text_output: 'hi' }, 'generate'],
    [[{ generated_text: 'hi' }], 'tgi'],
  ])('by the body, on a path that says nothing', (answer, format) => {
    expect(decoded('/predict', answer).format).toBe(format)
    expect(decoded('/v1/models/m:predict', answer).format).toBe(format)
  })

  test('by the events of a stream', () => {
    const options = { contentType: 'Text/Event-Stream; charset=utf-8' }
    const chunk = { choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] }
    expect(decoded('/x', eventStream(chunk, '[DONE]'), options).format).toBe('openai')
    expect(decoded('/x', eventStream({ token: { text: 'hi' }, generated_text: 'hi' }), options).format).toBe('tgi')
    expect(decoded('/x', eventStream({ text_output: 'hi' }), options).format).toBe('generate')
    expect(decoded('/x', eventStream({ a: 1 }, { a: 2 }), options)).toEqual({
      format: 'json_lines',
      payload: { kind: 'json_lines', values: [{ a: 1 }, { a: 2 }] },
    })
    expect(decoded('/x', eventStream('one', 'two'), options).payload).toEqual({ kind: 'text', text: 'one\ntwo' })
  })

  test('by a stream without a content type, where its path has streams', () => {
    const chunk = { choices: [{ index: 0, text: 'hi', finish_reason: 'stop' }] }
    expect(decoded('/v1/completions', `: ping\n\n${eventStream(chunk, '[DONE]')}`).payload.kind).toBe('generations')
    expect(decoded('/x', eventStream('a')).format).toBe('text')
  })

  test.each([
    ['/predict?next=/v2/models/m/infer', { error: 'x' }],
    ['/v2/models/m/ready', { error: 'x' }],
    ['/predict', { predictions: [1] }],
    ['/predict', { outputs: ['a'] }],
    ['/predict', { choices: ['a'] }],
    ['/v2/models/m/infer', { predictions: [1] }],
    ['/v1/chat/completions', { text: 'hi' }],
  ])('as plain JSON where neither path nor body tell: %s %j', (path, answer) => {
    expect(decoded(path, answer)).toEqual({ format: 'json', payload: { kind: 'json', value: answer } })
  })
})

describe('what is declared decides', () => {
  test('over the path', () => {
    expect(decoded('/predict', { outputs: [] }, { declared: 'oip' }).format).toBe('oip')
    expect(decoded('/predict', { predictions: [1] }, { declared: 'tfserving' }).format).toBe('tfserving')
    expect(decoded('/predict', COMPLETION, { declared: 'openai' }).format).toBe('openai')
    expect(decoded(INFER_PATH, OIP, { declared: 'json' }).payload).toEqual({ kind: 'json', value: OIP })
    expect(decoded(INFER_PATH, '[1]', { declared: 'text' }).payload).toEqual({ kind: 'text', text: '[1]' })
    expect(decoded(INFER_PATH, '[1]', { declared: 'bytes' }).payload).toMatchObject({ kind: 'bytes', length: 3 })
  })

  test.each(['oip', 'tfserving', 'openai'] as const)('so an answer of another form is no %s', declared => {
    expect(decoded('/x', {}, { declared })).toMatchObject({ format: declared, payload: { reason: 'invalid_payload' } })
    expect(decoded('/x', [], { declared })).toMatchObject({ payload: { reason: 'invalid_payload' } })
    expect(decoded('/x', 'hi', { declared })).toMatchObject({ payload: { reason: 'invalid_json' } })
    expect(decoded('/x', { error: 'out of memory' }, { declared }).payload).toEqual({
      kind: 'error',
      message: 'out of memory',
    })
  })

  test('and a stream of something else is no answer', () => {
    const stream = eventStream({ a: 1 })
    expect(decoded('/x', stream, { declared: 'tfserving', contentType: EVENT_STREAM })).toMatchObject({
      payload: { reason: 'invalid_payload' },
    })
  })

  test('oip means the generate calls as well', () => {
    expect(decoded('/x', { model_name: 'm', text_output: 'a' }, { declared: 'oip' }).format).toBe('generate')
    expect(decoded('/v2/models/m/generate', { text_output: 'a' }, { declared: 'oip' }).format).toBe('generate')
  })

  test('json means lines and events of JSON as well, and nothing else', () => {
    const declared = 'json'
    expect(decoded('/x', '{"a":1}\n{"a":2}\n', { declared }).payload).toEqual({
      kind: 'json_lines',
      values: [{ a: 1 }, { a: 2 }],
    })
    const events = eventStream({ a: 1 }, { a: 2 })
    expect(decoded('/x', events, { declared, contentType: EVENT_STREAM }).payload.kind).toBe('json_lines')
    expect(decoded('/x', eventStream('hi'), { declared, contentType: EVENT_STREAM })).toMatchObject({
      format: 'json',
      payload: { reason: 'invalid_json' },
    })
    expect(decoded('/x', 'hi', { declared, contentType: 'text/plain' })).toMatchObject({
      payload: { reason: 'invalid_json' },
    })
  })
})

test('JSON is expected where a protocol or the content type say so', () => {
  expect(decoded(INFER_PATH, 'Internal error')).toMatchObject({ format: 'oip', payload: { reason: 'invalid_json' } })
  expect(decoded('/x', '{"a":', { contentType: 'application/json' })).toMatchObject({
    payload: { reason: 'invalid_json' },
  })
})
