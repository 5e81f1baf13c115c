/** Questions that every decoder asks of a parsed JSON value. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function countOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** A message, not a page: it goes into logs and records. */
const MAX_MESSAGE_CHARACTERS = 500
const NO_MESSAGE = 'an error without a message'

/**
 * What a model server says went wrong: `{"error": "..."}`, `{"error": {"message": "..."}}`, or a `message` beside
 * `"object": "error"` (vLLM) or `"type": "error"` (an event of a response). null: the value is no error.
 */
export function errorMessage(value: unknown): string | null {
  if (!isObject(value)) return null
  const { error, object, type, message } = value
  if (typeof error === 'string') return clipped(error)
  if (isObject(error)) return clipped(textOrNull(error['message']) ?? textOrNull(error['type']) ?? NO_MESSAGE)
  return object === 'error' || type === 'error' ? clipped(textOrNull(message) ?? NO_MESSAGE) : null
}

/** At most MAX_MESSAGE_CHARACTERS of it. */
export function clipped(message: string): string {
  return message.length > MAX_MESSAGE_CHARACTERS ? `${message.slice(0, MAX_MESSAGE_CHARACTERS)}…` : message
}
