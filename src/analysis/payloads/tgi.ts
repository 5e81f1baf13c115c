import type { StreamEvent } from './event-stream.ts'
import { cutStream, jsonEvents } from './json-events.ts'
import { countOrNull, errorMessage, isObject, textOrNull } from './json-value.ts'
import { undecoded, type Generation, type Payload } from './payload.ts'
import type { Protocol } from './protocol.ts'

/**
 * Hugging Face Text Generation Inference, its own calls. The last event of a stream repeats the whole text; a stream without
 * that one ended early.
 */
export const TGI: Protocol = {
  format: 'tgi',
  path: /\/generate(?:_stream)?$/,
  pathInWords: '/generate or /generate_stream',
  isAnswer: isAnswers,
  isUnmistakable: isAnswers,
  decode: decodeTgi,
  stream: { isEvent: value => isObject(value) && isObject(value['token']), decode: decodeTgiStream },
}

/** At the path `/` the answer is a list of one. */
function isAnswers(value: unknown): boolean {
  const answers: readonly unknown[] = Array.isArray(value) ? value : [value]
  return answers.length > 0 && answers.every(isAnswer)
}

function isAnswer(value: unknown): boolean {
  return isObject(value) && typeof value['generated_text'] === 'string'
}

function decodeTgi(value: unknown): Payload {
  if (isAnswers(value))
    return Array.isArray(value) ? generations(value, false, true) : generations([value], false, false)
  const message = errorMessage(value)
  return message === null
    ? undecoded('invalid_payload', 'the answer has no generated_text')
    : { kind: 'error', message }
}

function decodeTgiStream(events: readonly StreamEvent[]): Payload {
  const values = jsonEvents(events)
  if (!Array.isArray(values)) return values
  const last = values.findLast(isAnswer)
  return last === undefined ? cutStream('no event has the generated_text') : generations([last], true, false)
}

function generations(answers: readonly unknown[], isStreamed: boolean, isList: boolean): Payload {
  const choices = answers.map((answer, index): Generation => {
    const text = isObject(answer) ? textOrNull(answer['generated_text']) : null
    const finishReason = textOrNull(detailsOf(answer)['finish_reason'])
    const steps = isList ? [index, 'generated_text'] : ['generated_text']
    return { index, text: text ?? '', toolCalls: [], finishReason, refusal: null, steps }
  })
  const completionTokens = countOrNull(detailsOf(answers[0])['generated_tokens'])
  const usage = completionTokens === null ? null : { promptTokens: null, completionTokens }
  return { kind: 'generations', model: null, choices, usage, isStreamed }
}

function detailsOf(answer: unknown): Readonly<Record<string, unknown>> {
  const details = isObject(answer) ? answer['details'] : undefined
  return isObject(details) ? details : {}
}
