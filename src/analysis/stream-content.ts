import { isObject, type JsonObject } from './payloads/json-value.ts'

/** Where common streams have their text: Triton's generate, and those that send a line of JSON a token. */
const TEXT_FIELDS = ['text_output', 'response', 'content', 'text']

/**
 * Whether the data of one event brings something of the answer. Not: the end mark, a role, a finish reason, usage, an error,
 * the frame of an OpenAI response. What is not known to bring nothing does, since a stream of its own kind counts too.
 */
export function hasContent(data: string): boolean {
  if (data === '' || data === '[DONE]') return false
  const event = objectIn(data)
  if (event === null) return true
  const { choices, type, error, message } = event
  if (error !== undefined && error !== null) return false
  if (Array.isArray(choices)) return choices.some(isChoiceWithContent)
  if (typeof type === 'string' && type.startsWith('response.'))
    return type.endsWith('.delta') && isFilled(event['delta'])
  const text = TEXT_FIELDS.map(name => event[name]).find(value => typeof value === 'string')
  if (text !== undefined) return text !== ''
  return isObject(message) ? isFilled(message['content']) : true
}

/** Of a chat a `delta` with more than a role, of a completion a `text`. */
function isChoiceWithContent(choice: unknown): boolean {
  if (!isObject(choice)) return false
  const { delta, text } = choice
  if (isObject(delta)) return Object.entries(delta).some(([name, value]) => name !== 'role' && isFilled(value))
  return isFilled(text)
}

function isFilled(value: unknown): boolean {
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0
  return value !== undefined && value !== null
}

function objectIn(text: string): JsonObject | null {
  try {
    const json: unknown = JSON.parse(text)
    return isObject(json) ? json : null
  } catch {
    return null
  }
}
