/** The text is not JSON. */
export class NotJson extends Error {}

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OBJECT_START = 0x7b
export const OBJECT_END = 0x7d
const BACKSLASH = 0x5c
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const ARRAY_START = 0x5b
const ARRAY_END = 0x5d
/** Stands for the byte behind the last one; no byte has it. */
const END = -1

const LITERALS = new Map(['true', 'false', 'null'].map(text => [text.charCodeAt(0), Buffer.from(text)]))
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'))

/**
 * Goes over JSON text (RFC 8259, UTF-8 is the caller's to check) and says where its parts begin and end, without making
 * values of them: no number loses digits, and a megabyte costs no objects. Depth costs one number a level, no stack.
 * Every method throws `NotJson` where the text is none.
 */
export class JsonScanner {
  readonly #bytes: Buffer
  /** The next byte to be read. */
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The next byte that is no space, which stays to be read; -1 at the end. */
  peek(): number {
    const bytes = this.#bytes
    let byte = this.#byte()
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.at++
      byte = this.at < bytes.length ? (bytes[this.at] as number) : END
    }
    return byte
  }

  /** Passes over the byte if it comes next; spaces before it do not matter. */
  takes(byte: number): boolean {
    if (this.peek() !== byte) return false
    this.at++
    return true
  }

  expect(byte: number): void {
    if (!this.takes(byte)) throw new NotJson()
  }

  /** Passes over the name of a member and returns it, without its escapes; `at` must be its quote. */
  readName(): string {
    const start = this.at
    this.#skipString()
    const bytes = this.#bytes.subarray(start, this.at)
    if (bytes.includes(BACKSLASH)) return JSON.parse(bytes.toString('utf8')) as string
    return bytes.toString('utf8', 1, bytes.length - 1)
  }

  /** Passes over a whole value, and the spaces before it. */
  skipValue(): void {
    /** What ends the objects and lists around the place that is read. */
    const ends: number[] = []
    do {
      const start = this.peek()
      if (start === OBJECT_START || start === ARRAY_START) {
        const end = start === OBJECT_START ? OBJECT_END : ARRAY_END
        this.at++
        if (!this.takes(end)) {
          ends.push(end)
          if (end === OBJECT_END) this.#skipName()
          continue
        }
      } else this.#skipScalar(start)
      this.#afterValue(ends)
    } while (ends.length > 0)
  }

  /** Up to the next value of what is around, or out of all that ends here. */
  #afterValue(ends: number[]): void {
    for (let end = ends.at(-1); end !== undefined; end = ends.at(-1)) {
      if (this.takes(COMMA)) {
        if (end === OBJECT_END) this.#skipName()
        return
      }
      this.expect(end)
      ends.pop()
    }
  }

  #skipName(): void {
    if (this.peek() !== QUOTE) throw new NotJson()
    this.#skipString()
    this.expect(COLON)
  }

  #skipScalar(start: number): void {
    if (start === QUOTE) {
      this.#skipString()
      return
    }
    const literal = LITERALS.get(start)
    if (literal === undefined) {
      this.#skipNumber()
      return
    }
    if (!this.#bytes.subarray(this.at, this.at + literal.length).equals(literal)) throw new NotJson()
    this.at += literal.length
  }

  #skipString(): void {
    const bytes = this.#bytes
    let at = this.at + 1
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === QUOTE) {
        this.at = at + 1
        return
      }
      if (byte < 0x20) break
      if (byte === BACKSLASH) at += this.#escapedBytes(at + 1)
    }
    throw new NotJson()
  }

  /** Bytes of an escape behind its backslash. */
  #escapedBytes(at: number): number {
    const byte = at < this.#bytes.length ? (this.#bytes[at] as number) : END
    if (ESCAPED.has(byte)) return 1
    if (byte === 0x75 && /^[0-9a-fA-F]{4}$/.test(this.#bytes.toString('latin1', at + 1, at + 5))) return 5
    throw new NotJson()
  }

  #skipNumber(): void {
    if (this.#byte() === MINUS) this.at++
    if (this.#byte() === ZERO) this.at++
    else this.#skipDigits()
    if (this.#byte() === POINT) {
      this.at++
      this.#skipDigits()
    }
    // e or E
    if ((this.#byte() | 0x20) === 0x65) {
      this.at++
      if (this.#byte() === PLUS || this.#byte() === MINUS) this.at++
      this.#skipDigits()
    }
  }

  /** One or more. */
  #skipDigits(): void {
    const start = this.at
    for (let byte = this.#byte(); byte >= ZERO && byte <= 0x39; byte = this.#byte()) this.at++
    if (this.at === start) throw new NotJson()
  }

  #byte(): number {
    return this.at < this.#bytes.length ? (this.#bytes[this.at] as number) : END
  }
}
