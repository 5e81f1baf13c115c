import type { StreamEvent } from './event-stream.ts'
import { cutStream, jsonEvents } from './json-events.ts'
import { errorMessage, isObject, textOrNull } from './json-value.ts'
import { decodeOip } from './oip.ts'
import { undecoded, type Generation, type Payload } from './payload.ts'
import type { Protocol } from './protocol.ts'

/**
 * Triton's generate extension, `text_output` beside other outputs; MLServer streams whole infer answers on the same path.
 * A stream has no mark for its end. Its texts are put together as they come: whether they are pieces or each the whole so
 * far depends on the model, and nothing in the answer says which.
 */
export const GENERATE: Protocol = {
  format: 'generate',
  path: /\/v2\/models\/[^/]+(?:\/versions\/[^/]+)?\/generate(?:_stream)?$/,
  pathInWords: '/v2/models/{model}/generate or /generate_stream',
  isAnswer: value => isObject(value) && 'text_output' in value,
  isUnmistakable: value => isObject(value) && 'text_output' in value && typeof value['model_name'] === 'string',
  decode: decodeGenerate,
  stream: {
    isEvent: value => isObject(value) && ('text_output' in value || isInferAnswer(value)),
    decode: decodeGenerateStream,
  },
}

function decodeGenerate(value: unknown): Payload {
  const texts = textsOf(value)
  if (texts !== null) return generations(value, texts, false)
  const message = errorMessage(value)
  return message === null ? undecoded('invalid_payload', 'the answer has no text_output') : { kind: 'error', message }
}

function decodeGenerateStream(events: readonly StreamEvent[]): Payload {
  const values = jsonEvents(events)
  if (!Array.isArray(values)) return values
  if (values.length === 0) return cutStream('it has no event')
  if (values.every(isInferAnswer)) return decodeInferStream(values)
  const whole: string[] = []
  for (const [index, value] of values.entries()) {
    const texts = textsOf(value)
    if (texts === null) return undecoded('invalid_payload', `event ${index} has no text_output`)
    append(whole, texts)
  }
  return generations(values.at(-1), whole, true)
}

/** Each event is an infer answer; of each output the texts are put together. Outputs are in the order of their names. */
function decodeInferStream(values: readonly unknown[]): Payload {
  const whole = new Map<string, string>()
  for (const [index, value] of values.entries()) {
    const answer = decodeOip(value)
    if (answer.kind !== 'tensors') return answer
    for (const { name, datatype, data } of answer.tensors) {
      if (datatype !== 'BYTES') return undecoded('invalid_payload', `event ${index}: ${name} is no text`)
      whole.set(name, (whole.get(name) ?? '') + data.join(''))
    }
  }
  const names = [...whole.keys()].sort()
  const texts = names.map(name => whole.get(name) ?? '')
  return generations(values.at(-1), texts, true)
}

function isInferAnswer(value: unknown): boolean {
  return isObject(value) && Array.isArray(value['outputs'])
}

/** `text_output` is one text, or a list of them where the model is asked for several. */
function textsOf(value: unknown): string[] | null {
  const output = isObject(value) ? value['text_output'] : undefined
  if (typeof output === 'string') return [output]
  return Array.isArray(output) && output.every(item => typeof item === 'string') ? output : null
}

function append(whole: string[], texts: readonly string[]): void {
  for (const [i, text] of texts.entries()) whole[i] = (whole[i] ?? '') + text
}

function generations(value: unknown, texts: readonly string[], isStreamed: boolean): Payload {
  const isList = isObject(value) && Array.isArray(value['text_output'])
  const choices = texts.map(
    (text, index): Generation => ({
      index,
      text,
      toolCalls: [],
      finishReason: null,
      refusal: null,
      steps: isList ? ['text_output', index] : ['text_output'],
    }),
  )
  const model = isObject(value) ? textOrNull(value['model_name']) : null
  return { kind: 'generations', model, choices, usage: null, isStreamed }
}
