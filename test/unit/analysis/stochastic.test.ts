import { describe, expect, test } from 'vitest'
import { asksForChance } from '../../../src/analysis/stochastic.ts'
import { SAMPLED_FIELDS_BYTES } from '../../../src/wire/generation-request.ts'

const MESSAGES = [{ role: 'user', content: 'Say "temperature": 0, {please' }]

function asks(body: unknown, path = '/v1/chat/completions', payload: 'auto' | 'openai' | 'json' = 'auto'): boolean {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const requestBody = bytes.subarray(0, SAMPLED_FIELDS_BYTES)
  return asksForChance({ path, requestBody, requestBytes: bytes.length, requestEncoding: '' }, payload)
}

describe('a generation', () => {
  test.each([
    ['a temperature over 0', { messages: MESSAGES, temperature: 0.2 }, true],
    ['temperature 0', { messages: MESSAGES, temperature: 0 }, false],
    ['temperature 0.0 before the prompt', '{"temperature": 0.0 , "messages":[]}', false],
    ['no temperature, which is 1', { messages: MESSAGES }, true],
    ['null for a temperature, which is 1', { messages: MESSAGES, temperature: null }, true],
    ['several choices', { messages: MESSAGES, temperature: 0, n: 2 }, true],
    ['one choice', { messages: MESSAGES, temperature: 0, n: 1 }, false],
    ['a temperature of a tool', { temperature: 0, tools: [{ parameters: { temperature: 1 } }] }, false],
    ['a quote before the end of a text', { prompt: 'a "quoted\\" \\\\', temperature: 0 }, false],
  ])('with %s: chance is %j', (_what, body, chance) => {
    expect(asks(body)).toBe(chance)
  })

  test('is looked at on paths of OpenAI-compatible servers, where answers may be read as theirs', () => {
    expect(asks({ prompt: 'a' }, '/openai/v1/completions?api-version=1')).toBe(true)
    expect(asks({ input: 'a' }, '/v1/responses', 'openai')).toBe(true)
    expect(asks({ input: 'a' }, '/v1/embeddings')).toBe(false)
    expect(asks({ prompt: 'a' }, '/v1/completions', 'json')).toBe(false)
    expect(asks({ inputs: [] }, '/v2/models/digits/infer')).toBe(false)
  })

  test('that cannot be read does not ask for it', () => {
    for (const body of ['', '[]', 'temperature: 1', '"{']) expect(asks(body)).toBe(false)
    const packed = { requestBody: Buffer.from('{}'), requestBytes: 2, requestEncoding: 'gzip' }
    expect(asksForChance({ path: '/v1/completions', ...packed }, 'auto')).toBe(false)
  })

  test('of which only the beginning is there asks for what shows in it', () => {
    const prompt = 'x'.repeat(SAMPLED_FIELDS_BYTES)
    expect(asks({ temperature: 0.5, prompt })).toBe(true)
    expect(asks({ temperature: 0, prompt })).toBe(false)
    expect(asks({ prompt, temperature: 0.5 })).toBe(false)
    // The cut goes through the number: 0.5 could begin with 0.
    const head = '{"prompt":"","temperature":0'
    const filler = ' '.repeat(SAMPLED_FIELDS_BYTES - head.length)
    expect(asks(`{"prompt":"",${filler}"temperature":0.5}`)).toBe(false)
  })
})
