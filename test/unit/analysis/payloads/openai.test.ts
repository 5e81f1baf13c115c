import { describe, expect, test } from 'vitest'
import { decoded } from '../../../support/decoded.ts'

const CHAT = '/v1/chat/completions'
const read = (answer: object, path = CHAT) => decoded(path, answer).payload

const choice = (index: number) => ({ index, message: { content: `text ${index}` }, finish_reason: 'stop' })

const item = (index: number, embedding: unknown) => ({ object: 'embedding', index, embedding })

const message = (...content: object[]) => ({ type: 'message', role: 'assistant', content })

const response = (changes: object) =>
  read({ object: 'response', status: 'completed', model: 'r', ...changes }, '/v1/responses')

describe('chat completions', () => {
  test('the message, why it ended and what it cost', () => {
    const answer = {
      id: 'chatcmpl-1',
      model: 'tiny',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 9, completion_tokens: 16, total_tokens: 25 },
    }
    expect(read(answer)).toEqual({
      kind: 'generations',
      model: 'tiny',
      choices: [{ index: 0, text: 'hi', toolCalls: [], finishReason: 'length', refusal: null }],
      usage: { promptTokens: 9, completionTokens: 16 },
      isStreamed: false,
    })
  })

  test('several choices in the order of their index', () => {
    expect(read({ choices: [choice(2), choice(0), choice(1)] })).toMatchObject({
      choices: [{ text: 'text 0' }, { text: 'text 1' }, { text: 'text 2' }],
    })
  })

  test('tool calls, custom tools and the functions before them', () => {
    const message = {
      content: null,
      function_call: { name: 'old', arguments: '{}' },
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city": "Bern"}' } },
        { type: 'custom', custom: { name: 'shell', input: 'ls' } },
        { type: 'function', function: { name: 'written', arguments: { a: [1] } } },
      ],
    }
    expect(read({ choices: [{ index: 0, message, finish_reason: 'tool_calls' }] })).toMatchObject({
      choices: [
        {
          text: '',
          finishReason: 'tool_calls',
          toolCalls: [
            { name: 'old', arguments: '{}' },
            { name: 'weather', arguments: '{"city": "Bern"}' },
            { name: 'shell', arguments: 'ls' },
            { name: 'written', arguments: '{"a":[1]}' },
          ],
        },
      ],
    })
  })

  test('a refusal, and content in parts', () => {
    const parts = [{ type: 'text', text: 'a' }, { type: 'image_url' }, { type: 'text', text: 'b' }]
    expect(read({ choices: [{ message: { content: parts, refusal: null } }] })).toMatchObject({
      choices: [{ index: 0, text: 'ab', refusal: null, finishReason: null }],
    })
    expect(read({ choices: [{ message: { content: null, refusal: 'I cannot' } }] })).toMatchObject({
      choices: [{ text: '', refusal: 'I cannot' }],
    })
  })

  test('what only vLLM and llama.cpp send is passed over', () => {
    const answer = {
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'hi', reasoning_content: 'hm', tool_calls: [] },
          finish_reason: 'stop',
          stop_reason: null,
          token_ids: null,
        },
      ],
      prompt_logprobs: null,
      kv_transfer_params: null,
      timings: { prompt_n: 1 },
      usage: null,
    }
    expect(read(answer)).toMatchObject({ choices: [{ text: 'hi', toolCalls: [] }], usage: null })
  })

  test.each([
    [
      'two of one index',
      [
        { index: 0, message: { content: 'a' } },
        { index: 0, message: { content: 'b' } },
      ],
    ],
    ['an index that is none', [{ index: -1, message: { content: 'a' } }]],
    ['no message', [{ index: 0 }]],
    ['no object', ['a']],
  ])('choices with %s are refused', (_what, choices) => {
    expect(read({ choices })).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })
})

test('completions: the text of each choice', () => {
  const choices = [{ index: 0, text: 'hi', finish_reason: 'stop' }]
  expect(read({ choices }, '/v1/completions')).toMatchObject({ choices: [{ text: 'hi', finishReason: 'stop' }] })
})

describe('embeddings', () => {
  const PATH = '/v1/embeddings'
  const floats = [0.5, -1, 2 ** -20]
  const base64 = Buffer.from(Float32Array.from(floats).buffer).toString('base64')

  test('floats and base64 give the same vectors, in the order of their index', () => {
    const payload = read({ model: 'e', data: [item(1, base64), item(0, floats)] }, PATH)
    expect(payload).toEqual({ kind: 'embeddings', model: 'e', vectors: [floats, Float32Array.from(floats)] })
  })

  test.each([
    ['bytes that are no floats', [{ index: 0, embedding: base64.slice(0, -4) + 'AA==' }]],
    ['text that is no base64', [{ index: 0, embedding: `!${base64.slice(1)}` }]],
    ['a text among the numbers', [{ index: 0, embedding: [1, 'x'] }]],
    ['no embedding', [{ index: 0 }]],
    [
      'two of one index',
      [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [1] },
      ],
    ],
    ['an index beyond the list', [{ index: 5, embedding: [1] }]],
    ['no object', ['a']],
  ])('%s are refused', (_what, data) => {
    expect(read({ data }, PATH)).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })
})

describe('responses', () => {
  test('texts of the messages and calls in their order, reasoning left out', () => {
    const output = [
      { type: 'reasoning', summary: [{ text: 'hm' }] },
      message({ type: 'output_text', text: 'a' }, { type: 'output_text', text: 'b' }),
      { type: 'function_call', name: 'weather', arguments: '{}' },
      { type: 'custom_tool_call', name: 'shell', input: 'ls' },
    ]
    expect(response({ output, error: null, usage: { input_tokens: 3, output_tokens: 4 } })).toEqual({
      kind: 'generations',
      model: 'r',
      choices: [
        {
          index: 0,
          text: 'ab',
          toolCalls: [
            { name: 'weather', arguments: '{}' },
            { name: 'shell', arguments: 'ls' },
          ],
          finishReason: 'completed',
          refusal: null,
          steps: ['output'],
        },
      ],
      usage: { promptTokens: 3, completionTokens: 4 },
      isStreamed: false,
    })
  })

  test('an incomplete one says why, a refusal is told', () => {
    const changes = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    const output = [message({ type: 'refusal', refusal: 'I cannot' })]
    expect(response({ ...changes, output })).toMatchObject({
      choices: [{ finishReason: 'max_output_tokens', refusal: 'I cannot', text: '' }],
    })
  })

  test('a failed or cancelled one is an error in a 200', () => {
    expect(response({ status: 'failed', output: [], error: { code: 'server_error', message: 'boom' } })).toEqual({
      kind: 'error',
      message: 'boom',
    })
    expect(response({ status: 'cancelled', output: [] }).kind).toBe('error')
  })

  test('one without output is no answer', () => {
    expect(response({})).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })
})

test.each([
  [{ error: { message: 'out of memory', type: 'server_error', code: null } }, 'out of memory'],
  [{ error: 'out of memory' }, 'out of memory'],
  [{ object: 'error', message: 'out of memory' }, 'out of memory'],
  [{ error: { type: 'server_error' } }, 'server_error'],
  [{ error: {} }, 'an error without a message'],
])('an error in a 200: %j', (answer, message) => {
  expect(read(answer)).toEqual({ kind: 'error', message })
})
