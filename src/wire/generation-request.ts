import type { PayloadKind } from '../config/snapshot.ts'

/** Calls of OpenAI-compatible servers that generate, below any prefix; embeddings have no chance in them. */
const GENERATING = /^[^?]*\/(?:chat\/completions|completions|responses)(?:\?|$)/

/**
 * So much of a request is looked at for the fields that ask for chance: they stand behind a prompt as often as before it,
 * and a longer body would cost the data-plane thread more than a copy of a few microseconds.
 */
export const SAMPLED_FIELDS_BYTES = 16 * 1024

/** Whether requests on such paths say how much chance there is in their answers. `payload`: null where nothing is compared. */
export function isGenerationRequest(payload: PayloadKind | null, path: string): boolean {
  return (payload === 'auto' || payload === 'openai') && GENERATING.test(path)
}
