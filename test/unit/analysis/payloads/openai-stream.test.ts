import { describe, expect, test } from 'vitest'
import { capturedAnswer } from '../../../support/captures.ts'
import { decoded, decodedCapture, EVENT_STREAM, eventStream } from '../../../support/decoded.ts'

const CHAT = '/v1/chat/completions'
const read = (...events: unknown[]) => decoded(CHAT, eventStream(...events), { contentType: EVENT_STREAM }).payload

const chunk = (delta: object, finish: string | null = null, index = 0) => {
  return { object: 'chat.completion.chunk', model: 'm', choices: [{ index, delta, finish_reason: finish }] }
}
const END = chunk({}, 'stop')

const text = (text: string, finish_reason: string | null) => ({ choices: [{ index: 0, text, finish_reason }] })

const usage = (completion_tokens: number) => ({ prompt_tokens: 3, completion_tokens })

const response = (status: string, output: readonly object[]) => ({ object: 'response', status, model: 'r', output })

describe('chunks are put together', () => {
  test('to the very text that the same server gives without a stream', () => {
    const whole = decodedCapture(CHAT, capturedAnswer('llamacpp-openai-js')).payload
    const streamed = decodedCapture(CHAT, capturedAnswer('llamacpp-openai-js.1')).payload
    expect(streamed).toEqual({ ...whole, usage: null, isStreamed: true })
  })

  test('each choice on its own, whatever the order', () => {
    const payload = read(
      chunk({ content: 'b' }, null, 1),
      chunk({ content: 'a' }),
      chunk({ content: 'B' }, 'stop', 1),
      END,
      '[DONE]',
    )
    expect(payload).toMatchObject({
      choices: [
        { index: 0, text: 'a' },
        { index: 1, text: 'bB' },
      ],
    })
  })

  test('tool calls by their index: the name comes once, the arguments grow', () => {
    const call = (index: number, called: object) => chunk({ tool_calls: [{ index, function: called }] })
    const payload = read(
      call(1, { name: 'second', arguments: '' }),
      call(0, { name: 'first', arguments: '{"a"' }),
      call(1, { arguments: '{}' }),
      call(0, { arguments: ':1}' }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    )
    expect(payload).toMatchObject({
      choices: [
        {
          finishReason: 'tool_calls',
          toolCalls: [
            { name: 'first', arguments: '{"a":1}' },
            { name: 'second', arguments: '{}' },
          ],
        },
      ],
    })
  })

  test('refusals, functions of old, and texts of completions', () => {
    expect(read(chunk({ refusal: 'I ' }), chunk({ refusal: 'cannot' }), END, '[DONE]')).toMatchObject({
      choices: [{ refusal: 'I cannot', text: '' }],
    })
    const piece = (called: object) => chunk({ function_call: called })
    expect(read(piece({ name: 'f', arguments: '{' }), piece({ arguments: '}' }), END, '[DONE]')).toMatchObject({
      choices: [{ toolCalls: [{ name: 'f', arguments: '{}' }] }],
    })
    expect(read(text('a', null), text('b', 'length'), '[DONE]')).toMatchObject({
      choices: [{ text: 'ab', finishReason: 'length' }],
    })
  })

  test('usage from a chunk without choices, or from every chunk, the last one counts', () => {
    expect(read(chunk({ content: 'a' }), END, { choices: [], usage: usage(7) }, '[DONE]')).toMatchObject({
      usage: { promptTokens: 3, completionTokens: 7 },
    })
    const counted = (count: number) => ({ ...chunk({ content: 'a' }), usage: usage(count) })
    expect(read(counted(1), counted(2), { ...END, usage: null }, '[DONE]')).toMatchObject({
      usage: { completionTokens: 2 },
    })
  })

  test('what comes behind [DONE] is nothing', () => {
    expect(read(chunk({ content: 'a' }), END, '[DONE]', chunk({ content: 'b' }))).toMatchObject({
      choices: [{ text: 'a' }],
    })
  })
})

describe('a stream that is not whole is a failed answer', () => {
  test('because its connection ended without [DONE]', () => {
    expect(read(chunk({ content: 'a' }), END)).toEqual({
      kind: 'error',
      message: 'the stream ended early: it has no [DONE]',
    })
    const cut = eventStream(chunk({ content: 'a' }), END, '[DONE]').slice(0, -2)
    expect(decoded(CHAT, cut, { contentType: EVENT_STREAM }).payload.kind).toBe('error')
    expect(decoded(CHAT, '', { contentType: EVENT_STREAM }).payload.kind).toBe('error')
  })

  test('because a choice has no finish reason, [DONE] or not', () => {
    expect(read(chunk({ content: 'a' }), '[DONE]')).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('choice 0'),
    })
    expect(read(chunk({ content: 'a' }, ''), '[DONE]').kind).toBe('error')
    expect(read(END, chunk({ content: 'a' }, null, 1), '[DONE]').kind).toBe('error')
    expect(read('[DONE]').kind).toBe('error')
  })

  test('because of an error in it, before or after the first chunk', () => {
    const error = { error: { message: 'out of memory', type: 'server_error' } }
    for (const events of [[error], [chunk({ content: 'a' }), error], [chunk({ content: 'a' }), error, '[DONE]']]) {
      expect(read(...events)).toEqual({ kind: 'error', message: 'out of memory' })
    }
  })

  test('because of an event of the type error', () => {
    const body = `${eventStream(chunk({ content: 'a' }))}event: error\ndata: engine died\n\n`
    expect(decoded(CHAT, body, { contentType: EVENT_STREAM }).payload).toEqual({
      kind: 'error',
      message: 'engine died',
    })
  })

  test('as real clients saw it: given up by the server, or aborted', () => {
    for (const name of ['llamacpp-interrupted', 'llamacpp-interrupted.1']) {
      expect(decodedCapture(CHAT, capturedAnswer(name)).payload, name).toMatchObject({ kind: 'error' })
    }
  })
})

describe('a stream that cannot be read', () => {
  test('is neither an answer nor the failure of a model', () => {
    expect(read(chunk({ content: 'a' }), '{"choices":', '[DONE]')).toMatchObject({ reason: 'invalid_json' })
    expect(read(chunk({ content: 'a' }), '5', '[DONE]')).toMatchObject({ reason: 'invalid_payload' })
    expect(read(chunk({}), { choices: ['a'] }, '[DONE]')).toMatchObject({ reason: 'invalid_payload' })
    const broken = Buffer.concat([Buffer.from('data: '), Buffer.from([0xff]), Buffer.from('\n\n')])
    expect(decoded(CHAT, broken, { contentType: EVENT_STREAM })).toMatchObject({ payload: { reason: 'not_text' } })
  })
})

describe('the events of a response', () => {
  const message = { type: 'message', content: [{ type: 'output_text', text: 'hello' }] }
  const delta = { type: 'response.output_text.delta', delta: 'hel' }

  test('end with the whole of it', () => {
    const events = [
      { type: 'response.created', response: response('in_progress', []) },
      delta,
      { type: 'response.completed', response: response('completed', [message]) },
    ]
    expect(read(...events)).toMatchObject({
      model: 'r',
      choices: [{ text: 'hello', finishReason: 'completed' }],
      isStreamed: true,
    })
  })

  test('may end with a response without output: then the finished items are the output', () => {
    const end = { type: 'response.completed', response: response('completed', []) }
    const done = { type: 'response.output_item.done', item: message }
    expect(read(delta, done, end)).toMatchObject({ choices: [{ text: 'hello' }] })
    expect(read(delta, end)).toMatchObject({ kind: 'failed', reason: 'invalid_payload' })
  })

  test('may say that it failed, or stop', () => {
    const failed = { ...response('failed', []), error: { message: 'boom' } }
    expect(read(delta, { type: 'response.failed', response: failed })).toEqual({ kind: 'error', message: 'boom' })
    expect(read(delta, { type: 'error', message: 'boom', code: null })).toEqual({ kind: 'error', message: 'boom' })
    expect(read(delta).kind).toBe('error')
    expect(read({ type: 'response.completed' })).toMatchObject({ reason: 'invalid_payload' })
  })
})
