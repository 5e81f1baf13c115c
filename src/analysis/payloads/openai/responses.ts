import { argumentsText, contentText } from './choices.ts'
import { openAiUsage } from './usage.ts'
import { errorMessage, isObject, textOrNull, type JsonObject } from '../json-value.ts'
import { undecoded, type Generation, type Payload, type ToolCall } from '../payload.ts'

const CALLS: ReadonlySet<unknown> = new Set(['function_call', 'custom_tool_call'])

/**
 * A whole response of the Responses API as one generation: the texts of its messages and its calls in their order. Reasoning
 * and what tools of the server found is not part of it. A response that failed or was cancelled is an error in a 200.
 * `items`: its output where the response itself has none.
 */
export function generationsOfResponse(
  response: JsonObject,
  isStreamed: boolean,
  items: readonly unknown[] = [],
): Payload {
  const { status, output } = response
  const message = errorMessage(response)
  if (message !== null) return { kind: 'error', message }
  if (status === 'failed' || status === 'cancelled') return { kind: 'error', message: `the response is ${status}` }
  const given: readonly unknown[] = Array.isArray(output) && output.length > 0 ? output : items
  if (given.length === 0 && !Array.isArray(output)) return undecoded('invalid_payload', 'the response has no output')
  const choice = generationOf(given, finishReasonOf(response))
  const model = textOrNull(response['model'])
  return { kind: 'generations', model, choices: [choice], usage: openAiUsage(response['usage']), isStreamed }
}

/** `completed`, or why it is not. */
function finishReasonOf({ status, incomplete_details: details }: JsonObject): string | null {
  return (isObject(details) ? textOrNull(details['reason']) : null) ?? textOrNull(status)
}

function generationOf(items: readonly unknown[], finishReason: string | null): Generation {
  let text = ''
  let refusal: string | null = null
  const toolCalls: ToolCall[] = []
  for (const item of items) {
    if (!isObject(item)) continue
    if (CALLS.has(item['type']))
      toolCalls.push({ name: textOrNull(item['name']) ?? '', arguments: argumentsText(item) })
    if (item['type'] !== 'message') continue
    text += contentText(item['content'])
    refusal = refusalOf(item['content']) ?? refusal
  }
  return { index: 0, text, toolCalls, finishReason, refusal, steps: ['output'] }
}

function refusalOf(content: unknown): string | null {
  const parts: readonly unknown[] = Array.isArray(content) ? content : []
  const refused = parts.find(part => isObject(part) && part['type'] === 'refusal')
  return isObject(refused) ? textOrNull(refused['refusal']) : null
}
