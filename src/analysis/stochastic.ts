import type { PayloadKind } from '../config/snapshot.ts'
import { isGenerationRequest, SAMPLED_FIELDS_BYTES } from '../wire/generation-request.ts'
import type { PairFrame } from '../wire/pair-frame.ts'

/** A number that is whole: a cut goes nowhere through it. */
const NUMBER = /\s*(-?\d[\d.eE+-]*)(?=[\s,}])/y
const BACKSLASH = 0x5c

type RequestParts = Pick<PairFrame, 'path' | 'requestBody' | 'requestBytes' | 'requestEncoding'>

/**
 * Does the request ask for an answer that may be another one each time: a temperature over 0, or several choices? An absent
 * temperature is 1, as with OpenAI and vLLM (0.8 with llama.cpp). Only OpenAI-style generations are looked at; of a longer
 * body only the beginning, and what does not show there is not taken for chance.
 */
export function asksForChance(request: RequestParts, payload: PayloadKind): boolean {
  const { path, requestBody, requestBytes, requestEncoding } = request
  if (requestBody.length === 0 || requestEncoding !== '' || !isGenerationRequest(payload, path)) return false
  const fields = topLevelNumbers(requestBody.toString('latin1', 0, SAMPLED_FIELDS_BYTES))
  if (fields === null) return false
  if ((fields.get('n') ?? 1) > 1) return true
  const temperature = fields.get('temperature')
  return temperature === undefined ? requestBytes <= SAMPLED_FIELDS_BYTES : temperature > 0
}

/** Members of an object that are numbers, as far as its text goes; null: it is no object. Never throws. */
function topLevelNumbers(text: string): ReadonlyMap<string, number> | null {
  const numbers = new Map<string, number>()
  if (!text.trimStart().startsWith('{')) return null
  let depth = 0
  let name = ''
  for (let at = 0; at < text.length; at++) {
    const mark = text[at]
    if (mark === '"') {
      const end = endOfString(text, at)
      if (end === -1) break
      if (depth === 1) name = text.slice(at + 1, end)
      at = end
    } else if (mark === '{' || mark === '[') depth++
    else if (mark === '}' || mark === ']') depth--
    else if (mark === ':' && depth === 1) {
      NUMBER.lastIndex = at + 1
      const match = NUMBER.exec(text)
      if (match !== null) numbers.set(name, Number(match[1]))
    }
  }
  return numbers
}

/** The quote that ends the string which begins at `open`; -1: the text ends first. */
function endOfString(text: string, open: number): number {
  let end = text.indexOf('"', open + 1)
  while (end !== -1) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}
