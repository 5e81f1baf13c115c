import { argumentsText, calledOf, contentText } from './choices.ts'
import { openAiUsage } from './usage.ts'
import { cutStream } from '../json-events.ts'
import { countOrNull, isObject, textOrNull, type JsonObject } from '../json-value.ts'
import { undecoded, type Generation, type Generations, type Payload, type ToolCall } from '../payload.ts'

/**
 * Puts the chunks of a stream that reached its `[DONE]` together, each choice by its index. llama.cpp's Python server writes
 * `[DONE]` also after a generation it gave up: a choice without a finish reason is cut, and with it the answer.
 */
export function decodeChunks(chunks: readonly unknown[]): Payload {
  const choices = new Map<number, GrowingChoice>()
  let model: string | null = null
  let usage: Generations['usage'] = null
  for (const [position, chunk] of chunks.entries()) {
    if (!isObject(chunk)) return undecoded('invalid_payload', `event ${position} is not a JSON object`)
    model ??= textOrNull(chunk['model'])
    usage = openAiUsage(chunk['usage']) ?? usage
    const parts: readonly unknown[] = Array.isArray(chunk['choices']) ? chunk['choices'] : []
    for (const part of parts) {
      const index = isObject(part) ? countOrNull(part['index'] ?? 0) : null
      if (!isObject(part) || index === null)
        return undecoded('invalid_payload', `event ${position} has a choice without index`)
      let choice = choices.get(index)
      if (choice === undefined) choices.set(index, (choice = new GrowingChoice(index)))
      choice.add(part)
    }
  }
  if (choices.size === 0) return cutStream('it has no choice')
  const whole = [...choices.values()].map(choice => choice.whole()).sort((a, b) => a.index - b.index)
  const cut = whole.find(({ finishReason }) => finishReason === null)
  if (cut !== undefined) return cutStream(`choice ${cut.index} has no finish_reason`)
  return { kind: 'generations', model, choices: whole, usage, isStreamed: true }
}

class GrowingChoice {
  readonly #index: number
  readonly #toolCalls = new Map<number, { name: string; arguments: string }>()
  #text = ''
  #refusal: string | null = null
  #finishReason: string | null = null

  constructor(index: number) {
    this.#index = index
  }

  /** A chunk's part of this choice: `text` of a completion, `delta` of a chat. */
  add(part: JsonObject): void {
    // '' is what some servers write instead of null.
    this.#finishReason = textOrNull(part['finish_reason']) || this.#finishReason
    this.#text += textOrNull(part['text']) ?? ''
    const delta = part['delta']
    if (!isObject(delta)) return
    this.#text += contentText(delta['content'])
    const refusal = textOrNull(delta['refusal'])
    if (refusal !== null) this.#refusal = (this.#refusal ?? '') + refusal
    if (isObject(delta['function_call'])) this.#addCall(0, delta['function_call'])
    const calls: readonly unknown[] = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : []
    for (const [position, call] of calls.entries()) this.#addToolCall(call, position)
  }

  whole(): Generation {
    const inOrder = [...this.#toolCalls].sort(([a], [b]) => a - b)
    const toolCalls = inOrder.map(([, call]): ToolCall => call)
    return {
      index: this.#index,
      text: this.#text,
      toolCalls,
      finishReason: this.#finishReason,
      refusal: this.#refusal,
    }
  }

  #addToolCall(call: unknown, position: number): void {
    const called = calledOf(call)
    if (called === null || !isObject(call)) return
    this.#addCall(countOrNull(call['index'] ?? position) ?? position, called)
  }

  /** The name comes whole, with the first piece; the arguments grow. */
  #addCall(index: number, called: JsonObject): void {
    let call = this.#toolCalls.get(index)
    if (call === undefined) this.#toolCalls.set(index, (call = { name: '', arguments: '' }))
    if (call.name === '') call.name = textOrNull(called['name']) ?? ''
    call.arguments += argumentsText(called)
  }
}
