/** Deeper than any prediction, far from what would exhaust the stack. */
export const MAX_DEPTH = 256
/** BigInt() is quadratic in the digits; a longer integer is read as a number. */
const MAX_BIGINT_DIGITS = 1000

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * JSON plus the tokens `NaN`, `Infinity` and `-Infinity` (Python's json, TensorFlow Serving), with integers beyond 2^53 as
 * bigint. Several times slower than JSON.parse: for the bodies that need it.
 * @throws SyntaxError with the position.
 */
export function parseTolerantJson(text: string): unknown {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH}`)
    this.#skipSpace()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      case 'N':
        return this.#word('NaN', Number.NaN)
      case 'I':
        return this.#word('Infinity', Number.POSITIVE_INFINITY)
      default:
        return this.#number()
    }
  }

  end(): void {
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#error('text behind the JSON value')
  }

  #object(depth: number): Record<string, unknown> {
    // Without a prototype, `__proto__` is a key like any other.
    const object = Object.create(null) as Record<string, unknown>
    this.#at++
    if (this.#take('}')) return object
    do {
      this.#skipSpace()
      if (this.#text[this.#at] !== '"') throw this.#error('a key is expected')
      const key = this.#string()
      if (!this.#take(':')) throw this.#error("':' is expected")
      object[key] = this.value(depth + 1)
    } while (this.#take(','))
    if (!this.#take('}')) throw this.#error("'}' is expected")
    return object
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = []
    this.#at++
    if (this.#take(']')) return array
    do array.push(this.value(depth + 1))
    while (this.#take(','))
    if (!this.#take(']')) throw this.#error("']' is expected")
    return array
  }

  #string(): string {
    const start = this.#at
    let at = start + 1
    for (let code = this.#text.charCodeAt(at); code !== QUOTE; code = this.#text.charCodeAt(at)) {
      if (Number.isNaN(code)) throw this.#error('a string does not end')
      at += code === BACKSLASH ? 2 : 1
    }
    this.#at = at + 1
    return JSON.parse(this.#text.slice(start, this.#at)) as string
  }

  #number(): number | bigint {
    if (this.#text.startsWith('-Infinity', this.#at)) return this.#word('-Infinity', Number.NEGATIVE_INFINITY)
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) throw this.#error('a value is expected')
    const digits = match[0]
    this.#at += digits.length
    const number = Number(digits)
    const isInteger = match[1] === undefined && match[2] === undefined
    return isInteger && !Number.isSafeInteger(number) && digits.length <= MAX_BIGINT_DIGITS ? BigInt(digits) : number
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('a value is expected')
    this.#at += word.length
    return value
  }

  #take(character: string): boolean {
    this.#skipSpace()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} at position ${this.#at}`)
  }
}
