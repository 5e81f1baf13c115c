import type { Tensor } from '../payloads/payload.ts'
import { choiceAt, type Choice } from './generation.ts'

/** Where text generation servers put what the model wrote; else the whole answer must be it. */
const TEXT_FIELDS = ['generated_text', 'text_output', 'text', 'response', 'output', 'predictions'] as const

/** The texts of a plain JSON answer, alone or in lists; null: there is something else among them, or nothing. */
export function jsonChoices(value: unknown): Choice[] | null {
  const choices: Choice[] = []
  return collect(value, [], choices) && choices.length > 0 ? choices : null
}

/** The texts of tensors of texts; null: there are other tensors too, or none. */
export function tensorChoices(tensors: readonly Tensor[]): Choice[] | null {
  const choices: Choice[] = []
  for (const [index, { data, datatype }] of tensors.entries()) {
    if (datatype !== 'BYTES') return null
    for (let i = 0; i < data.length; i++) choices.push(choiceAt(['outputs', index, 'data', i], String(data[i])))
  }
  return choices.length > 0 ? choices : null
}

/** false: not a text, and nothing that holds some within a few levels. */
function collect(value: unknown, steps: readonly (string | number)[], choices: Choice[]): boolean {
  if (typeof value === 'string') {
    choices.push(choiceAt(steps, value))
    return true
  }
  if (steps.length > 3 || typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.every((item, i) => collect(item, [...steps, i], choices))
  const field = TEXT_FIELDS.find(name => Object.hasOwn(value, name))
  return field !== undefined && collect((value as Record<string, unknown>)[field], [...steps, field], choices)
}
