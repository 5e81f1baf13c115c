import { describe, expect, test } from 'vitest'
import { decoded, EVENT_STREAM, eventStream } from '../../../support/decoded.ts'

const stream = (...events: unknown[]) => {
  return decoded('/generate_stream', eventStream(...events), { contentType: EVENT_STREAM }).payload
}
const token = (text: string, generated_text: string | null = null, details: object | null = null) => {
  return { index: 1, token: { id: 7, text, logprob: -0.5, special: false }, generated_text, details }
}
const DETAILS = { finish_reason: 'eos_token', generated_tokens: 12, seed: null }

describe('Text Generation Inference', () => {
  test('the text, why it ended and its length', () => {
    expect(decoded('/generate', { generated_text: 'hi', details: DETAILS }).payload).toEqual({
      kind: 'generations',
      model: null,
      choices: [
        { index: 0, text: 'hi', toolCalls: [], finishReason: 'eos_token', refusal: null, steps: ['generated_text'] },
      ],
      usage: { promptTokens: null, completionTokens: 12 },
      isStreamed: false,
    })
  })

  test('a list of answers', () => {
    expect(decoded('/', [{ generated_text: 'a' }, { generated_text: 'b' }]).payload).toMatchObject({
      choices: [{ text: 'a' }, { index: 1, text: 'b' }],
      usage: null,
    })
  })

  test('the last event of a stream has the whole text', () => {
    expect(stream(token('h'), token('i', 'hi', DETAILS))).toMatchObject({
      choices: [{ text: 'hi', finishReason: 'eos_token' }],
      usage: { completionTokens: 12 },
      isStreamed: true,
    })
  })

  test('a stream without that event ended early', () => {
    expect(stream(token('h'))).toMatchObject({ kind: 'error', message: expect.stringContaining('generated_text') })
    expect(stream().kind).toBe('error')
  })

  test('errors, in a 200 and within a stream', () => {
    const error = { error: 'Request failed during generation', error_type: 'generation' }
    expect(decoded('/generate', error).payload).toEqual({ kind: 'error', message: error.error })
    expect(stream(token('h'), error)).toEqual({ kind: 'error', message: error.error })
  })
})
