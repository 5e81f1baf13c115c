import { hasLongInteger, LONG_DIGITS } from './long-integer.ts'
import { LONG_STRING } from './long-strings.ts'

const QUOTE = '"'
const BACKSLASH = 0x5c
const COLON = 0x3a

/** What the text of a JSON value tells before it is parsed, and what is gone afterwards. */
export interface JsonText {
  /** As they are written, in all objects: the same key twice counts twice. */
  readonly keys: number
  /** Of 16 digits or more: beyond what a number holds exactly, perhaps. */
  readonly hasLongInteger: boolean
  /** Where long strings begin and end, without their quotes, by turns. Keys are none of them. */
  readonly longStrings: readonly number[]
}

/**
 * Goes through the text once, from quote to quote: a key is a string that a colon follows, an integer stands outside of
 * strings. What it says of a text that is not JSON means nothing.
 */
export function scanJsonText(text: string): JsonText {
  const longStrings: number[] = []
  let keys = 0
  let isLong = false
  let next = 0
  for (;;) {
    const quote = text.indexOf(QUOTE, next)
    const open = quote === -1 ? text.length : quote
    if (!isLong && open - next >= LONG_DIGITS) isLong = hasLongInteger(text, next, open)
    let close = quote === -1 ? -1 : text.indexOf(QUOTE, open + 1)
    while (isEscaped(text, close)) close = text.indexOf(QUOTE, close + 1)
    if (close === -1) return { keys, hasLongInteger: isLong, longStrings }
    next = close + 1
    while (text.charCodeAt(next) <= 0x20) next++
    if (text.charCodeAt(next) === COLON) keys++
    else if (close - open > LONG_STRING) longStrings.push(open + 1, close)
  }
}

/** An odd number of backslashes before it. */
function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1
  while (text.charCodeAt(at) === BACKSLASH) at--
  return (quote - 1 - at) % 2 === 1
}
