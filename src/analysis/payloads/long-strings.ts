import { randomUUID } from 'node:crypto'

/** From here on a string of base64 is cheaper to check than to parse: the parser looks at each character. */
export const LONG_STRING = 1024
/** Tells most prose from base64 at a glance. */
const BEGINNING = /[\w+/-]{64}/y
/** A multiple of four, so that each piece ends with a whole byte. */
const PIECE_CHARACTERS = 64 * 1024

/** Stands for a string that was taken out. Nobody can know it, so no other string is taken for it. */
const MARK = `${randomUUID()}-`

/** What the pieces are decoded into: only how many bytes they make is of interest. */
const decoded = Buffer.alloc((PIECE_CHARACTERS * 3) / 4)

/** JSON without its long strings of base64. */
export interface Shortened {
  readonly text: string
  readonly taken: readonly string[]
}

/**
 * Takes the strings of base64 out of a JSON text, where they mean what they say: base64 has neither escapes nor control
 * characters. `places`: where long strings begin and end, without their quotes, by turns. null: none of them is base64.
 */
export function withoutBase64(text: string, places: readonly number[]): Shortened | null {
  const taken: string[] = []
  let short = ''
  let done = 0
  for (let i = 0; i < places.length; i += 2) {
    const [from, to] = [places[i] as number, places[i + 1] as number]
    BEGINNING.lastIndex = from
    if (!BEGINNING.test(text)) continue
    const content = text.slice(from, to)
    if (!isBase64(content)) continue
    short += text.slice(done, from) + MARK + taken.length
    done = to
    taken.push(content)
  }
  return taken.length === 0 ? null : { text: short + text.slice(done), taken }
}

/** The parsed value with the strings where they were. It must not be nested deeper than the stack allows. */
export function withBase64(value: unknown, taken: readonly string[]): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? taken[Number(value.slice(MARK.length))] : value
  if (Array.isArray(value)) {
    const items: unknown[] = value
    for (let i = 0; i < items.length; i++) if (mayHold(items[i])) items[i] = withBase64(items[i], taken)
  } else if (typeof value === 'object' && value !== null) {
    const fields = value as Record<string, unknown>
    for (const key of Object.keys(fields)) if (mayHold(fields[key])) fields[key] = withBase64(fields[key], taken)
  }
  return value
}

function mayHold(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'object'
}

/** Node.js leaves out whatever is not base64: then the bytes are too few. One character more than whole bytes hides in them. */
function isBase64(text: string): boolean {
  const characters = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  if (characters % 4 === 1) return false
  for (let from = 0; from < characters; from += PIECE_CHARACTERS) {
    const piece = text.slice(from, Math.min(from + PIECE_CHARACTERS, characters))
    if (decoded.write(piece, 'base64') !== Math.floor((piece.length * 3) / 4)) return false
  }
  return true
}
