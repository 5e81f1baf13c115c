/** Version 2 is a candidate with other rules: it splits words at hyphens too, reads plain city names only, and minds case. */
export type ModelVersion = 1 | 2

/** What a model says to a prompt: a text, piece by piece as a stream sends it, or a call of the one tool it knows. */
export type Utterance =
  | { readonly kind: 'text'; readonly pieces: readonly string[]; readonly finishReason: 'stop' | 'length' }
  | { readonly kind: 'tool_call'; readonly name: 'get_weather'; readonly pieces: readonly string[] }

const WORDS = { 1: /\s+/u, 2: /[\s-]+/u } as const
const CITY = { 1: /weather in ([^?]+)\?/u, 2: /weather in (\w+)/u } as const
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const PIECE_CHARS = 5

/** `maxTokens`: pieces, null for as many as it takes. */
export function speak(
  version: ModelVersion,
  prompt: string,
  { mayCall, maxTokens }: { readonly mayCall: boolean; readonly maxTokens: number | null },
): Utterance {
  const city = mayCall ? CITY[version].exec(prompt)?.[1] : undefined
  if (city !== undefined) return { kind: 'tool_call', name: 'get_weather', pieces: piecesOf(JSON.stringify({ city })) }
  const words = prompt.split(WORDS[version]).filter(word => word !== '')
  const pieces = piecesOf(`I see ${words.length} words, the last is “${words.at(-1) ?? ''}” 🙂`)
  const said = maxTokens === null ? pieces : pieces.slice(0, maxTokens)
  return { kind: 'text', pieces: said, finishReason: said.length < pieces.length ? 'length' : 'stop' }
}

/** Tokens of a prompt. */
export function tokensOf(prompt: string): number {
  return piecesOf(prompt).length
}

/** How often each letter is in the text, as a vector of unit length; zeroes where there is none. 26 numbers of 32 bits. */
export function embed(version: ModelVersion, text: string): Float32Array {
  const counted = version === 1 ? text.toLowerCase() : text
  const counts = Array.from(LETTERS, letter => counted.split(letter).length - 1)
  const norm = Math.hypot(...counts)
  return Float32Array.from(counts, count => (norm === 0 ? 0 : count / norm))
}

/** By code points: a piece is whole Unicode, as servers take care to send it. */
function piecesOf(text: string): string[] {
  const points = Array.from(text)
  return Array.from({ length: Math.ceil(points.length / PIECE_CHARS) }, (_, i) =>
    points.slice(i * PIECE_CHARS, (i + 1) * PIECE_CHARS).join(''),
  )
}
