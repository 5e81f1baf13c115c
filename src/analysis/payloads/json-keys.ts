import { MAX_DEPTH } from './tolerant-json.ts'

const QUOTE = '"'
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Keys of all objects in a parsed value; null: nested deeper than MAX_DEPTH. */
export function countKeys(value: unknown, depth = 0): number | null {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === MAX_DEPTH) return null
  if (Array.isArray(value)) return countAll(value, 0, depth)
  const keys = Object.keys(value)
  return countAll(Object.values(value), keys.length, depth)
}

function countAll(children: readonly unknown[], own: number, depth: number): number | null {
  let keys = own
  for (const child of children) {
    // Most values of a prediction are numbers: a call for each would cost more than the look.
    if (typeof child !== 'object' || child === null) continue
    const below = countKeys(child, depth + 1)
    if (below === null) return null
    keys += below
  }
  return keys
}

/** Keys written in a text that is known to be JSON: strings that a colon follows. Goes from quote to quote. */
export function countKeysInText(text: string): number {
  let keys = 0
  let open = text.indexOf(QUOTE)
  while (open !== -1) {
    let close = text.indexOf(QUOTE, open + 1)
    while (isEscaped(text, close)) close = text.indexOf(QUOTE, close + 1)
    if (close === -1) return keys
    let next = close + 1
    while (text.charCodeAt(next) <= 0x20) next++
    if (text.charCodeAt(next) === COLON) keys++
    open = text.indexOf(QUOTE, next)
  }
  return keys
}

/** An odd number of backslashes before it. */
function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1
  while (text.charCodeAt(at) === BACKSLASH) at--
  return (quote - 1 - at) % 2 === 1
}
