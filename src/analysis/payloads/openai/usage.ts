import { countOrNull, isObject } from '../json-value.ts'
import type { Generations } from '../payload.ts'

/** Tokens as completions count them (`prompt_tokens`) or as responses do (`input_tokens`); null: no usage is given. */
export function openAiUsage(usage: unknown): Generations['usage'] {
  if (!isObject(usage)) return null
  return {
    promptTokens: countOrNull(usage['prompt_tokens'] ?? usage['input_tokens']),
    completionTokens: countOrNull(usage['completion_tokens'] ?? usage['output_tokens']),
  }
}
