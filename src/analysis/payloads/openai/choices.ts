import { countOrNull, isObject, textOrNull, type JsonObject } from '../json-value.ts'
import type { Generation, ToolCall } from '../payload.ts'

/** The choices of a whole chat completion or completion in the order of their index, or what is wrong with them. */
export function choicesOf(choices: readonly unknown[]): Generation[] | string {
  const generations: Generation[] = []
  const indices = new Set<number>()
  for (const [position, choice] of choices.entries()) {
    if (!isObject(choice)) return `choices[${position}] is not an object`
    const index = countOrNull(choice['index'] ?? position)
    if (index === null || indices.has(index)) return `choices[${position}] has no index of its own`
    indices.add(index)
    const generation = generationOf(choice, index)
    if (generation === null) return `choices[${position}] has neither a message nor a text`
    generations.push(generation)
  }
  return generations.sort((a, b) => a.index - b.index)
}

function generationOf(choice: JsonObject, index: number): Generation | null {
  const { message, text } = choice
  const finishReason = textOrNull(choice['finish_reason'])
  if (isObject(message)) {
    const toolCalls = toolCallsOf(message)
    const content = contentText(message['content'])
    return { index, text: content, toolCalls, finishReason, refusal: textOrNull(message['refusal']) }
  }
  return typeof text === 'string' ? { index, text, toolCalls: [], finishReason, refusal: null } : null
}

/** `content` is a text, null beside tool calls, or a list of parts of which those with a text count. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map(part => (isObject(part) ? (textOrNull(part['text']) ?? '') : '')).join('')
}

function toolCallsOf(message: JsonObject): ToolCall[] {
  const calls: readonly unknown[] = Array.isArray(message['tool_calls']) ? message['tool_calls'] : []
  // Before tools there was one function.
  const named = [message['function_call'], ...calls.map(calledOf)].filter(isObject)
  return named.map(called => ({ name: textOrNull(called['name']) ?? '', arguments: argumentsText(called) }))
}

/** What a tool call names: a function with `arguments`, or a custom tool with `input`. */
export function calledOf(call: unknown): JsonObject | null {
  if (!isObject(call)) return null
  const called = call['function'] ?? call['custom']
  return isObject(called) ? called : null
}

/** Some servers write the arguments as JSON instead of as a text with JSON in it. */
export function argumentsText(called: JsonObject): string {
  const given = called['arguments'] ?? called['input']
  if (given === undefined || given === null) return ''
  return typeof given === 'string'
    ? given
    : JSON.stringify(given, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
}
