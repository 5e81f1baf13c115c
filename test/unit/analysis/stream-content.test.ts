import { expect, test } from 'vitest'
import { hasContent } from '../../../src/analysis/stream-content.ts'

const chat = (delta: unknown): string => JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] })

test.each<[string, string, boolean]>([
  ['a token of a chat', chat({ content: ' the' }), true],
  ['the role that a chat begins with', chat({ role: 'assistant', content: '' }), false],
  ['a part of a tool call', chat({ tool_calls: [{ index: 0, function: { arguments: '{' } }] }), true],
  ['reasoning', chat({ content: null, reasoning_content: 'so' }), true],
  ['the end of a chat', chat({}), false],
  ['the second of two choices', JSON.stringify({ choices: [{ delta: {} }, { delta: { content: 'x' } }] }), true],
  ['usage', '{"choices":[],"usage":{"total_tokens":7}}', false],
  ['a token of a completion', '{"choices":[{"text":" the"}]}', true],
  ['the end of a completion', '{"choices":[{"text":"","finish_reason":"stop"}]}', false],
  ['the end mark', '[DONE]', false],
  ['nothing', '', false],
  ['a token of a response', '{"type":"response.output_text.delta","delta":"a"}', true],
  ['the frame of a response', '{"type":"response.created","response":{}}', false],
  ['the whole text of a response, again', '{"type":"response.output_text.done","text":"a"}', false],
  ['text of Triton', '{"model_name":"m","text_output":"a"}', true],
  ['the empty end of Triton', '{"model_name":"m","text_output":""}', false],
  ['a token of TGI', '{"token":{"id":1,"text":"a","special":false},"generated_text":null}', true],
  ['a line of a chat', '{"message":{"role":"assistant","content":"a"},"done":false}', true],
  ['the last line of a chat', '{"message":{"role":"assistant","content":""},"done":true}', false],
  ['the last line of a text', '{"response":"","done":true}', false],
  ['tensors', '{"outputs":[{"name":"text","data":["a"]}]}', true],
  ['an error', '{"error":{"message":"out of memory"}}', false],
  ['plain text', 'hello', true],
  ['JSON that is no object', '[1]', true],
  ['null', 'null', true],
])('%s brings content or not: %s', (_, data, content) => {
  expect(hasContent(data)).toBe(content)
})
