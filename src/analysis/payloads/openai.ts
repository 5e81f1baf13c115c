import { choicesOf } from './openai/choices.ts'
import { embeddingsOf } from './openai/embeddings.ts'
import { generationsOfResponse } from './openai/responses.ts'
import { decodeOpenAiStream } from './openai/stream.ts'
import { openAiUsage } from './openai/usage.ts'
import { errorMessage, isObject, textOrNull } from './json-value.ts'
import { undecoded, type Payload } from './payload.ts'
import type { Protocol } from './protocol.ts'

const OBJECTS: ReadonlySet<unknown> = new Set(['chat.completion', 'text_completion', 'response'])

/**
 * The calls that OpenAI's API and the many servers after it (vLLM, llama.cpp, TGI, KServe) have in common: chat completions,
 * completions, embeddings and responses. Fields that only some servers send are passed over.
 */
export const OPENAI: Protocol = {
  format: 'openai',
  path: /\/(?:chat\/completions|completions|embeddings|responses)$/,
  pathInWords: '/chat/completions, /completions, /embeddings or /responses',
  isAnswer: value =>
    isObject(value) && (['choices', 'data', 'output'] as const).some(part => Array.isArray(value[part])),
  isUnmistakable: value => isObject(value) && (OBJECTS.has(value['object']) || isEmbeddingList(value['data'])),
  decode: decodeOpenAi,
  stream: { isEvent: isOpenAiEvent, decode: decodeOpenAiStream },
}

function isEmbeddingList(data: unknown): boolean {
  return Array.isArray(data) && data.length > 0 && data.every(each => isObject(each) && each['object'] === 'embedding')
}

function isOpenAiEvent(value: unknown): boolean {
  if (!isObject(value)) return false
  const { choices, type } = value
  return Array.isArray(choices) || (typeof type === 'string' && type.startsWith('response.'))
}

function decodeOpenAi(value: unknown): Payload {
  if (!isObject(value)) return undecoded('invalid_payload', 'the answer is not a JSON object')
  if (Array.isArray(value['choices'])) {
    const choices = choicesOf(value['choices'])
    if (typeof choices === 'string') return undecoded('invalid_payload', choices)
    const model = textOrNull(value['model'])
    return { kind: 'generations', model, choices, usage: openAiUsage(value['usage']), isStreamed: false }
  }
  if (Array.isArray(value['data'])) return embeddingsOf(value['data'], textOrNull(value['model']))
  if (value['object'] === 'response' || Array.isArray(value['output'])) return generationsOfResponse(value, false)
  const message = errorMessage(value)
  return message === null
    ? undecoded('invalid_payload', 'the answer has neither choices nor data nor output')
    : { kind: 'error', message }
}
