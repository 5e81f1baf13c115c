import type { RequestHead } from './request-head.ts'

/** What routing looks at of a body: larger ones are streamed, and have no keys and no model. */
export const READ_BODY_BYTES = 1024 * 1024

/** The body as JSON, for the keys and the model in it; undefined where it is longer than that, or not JSON. */
export function bodyJson(body: Buffer): unknown {
  if (body.length > READ_BODY_BYTES) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** The top-level `model` of the body, as OpenAI-style requests name it; null where it has none that is a text. */
export function modelOf({ json }: RequestHead): string | null {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'model')) return null
  const { model } = json as { readonly model: unknown }
  return typeof model === 'string' ? model : null
}
