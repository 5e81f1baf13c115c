import { endianness } from 'node:os'

/**
 * Memory that a function uses in every call and needs no more afterwards. Making a typed array takes up to a microsecond, and
 * leaves memory outside of the heap to the collector. It is the thread's own: a call must end before the next begins.
 */
export class WorkingMemory {
  readonly #memory: Int32Array

  /** Calls that need more than `usual` numbers get an array of their own. */
  constructor(usual: number) {
    this.#memory = new Int32Array(usual)
  }

  /** At least `size` numbers, whatever they are. */
  numbers(size: number): Int32Array {
    return size <= this.#memory.length ? this.#memory : new Int32Array(size)
  }

  /** At least `size` numbers, the first `size` of them 0. */
  zeroes(size: number): Int32Array {
    return this.numbers(size).fill(0, 0, size)
  }
}

const IS_LITTLE_ENDIAN = endianness() === 'LE'

/**
 * Memory of the same kind for the UTF-16 code units of a text. Two texts that are read by turns cost several times as much as
 * their code units: the engine looks at each character what kind of string it has before it.
 */
export class TextMemory {
  readonly #units: Uint16Array
  readonly #bytes: Buffer

  /** Texts of more than `usual` code units get an array of their own. */
  constructor(usual: number) {
    this.#units = new Uint16Array(usual)
    this.#bytes = Buffer.from(this.#units.buffer)
  }

  /** At least as many numbers as the text has code units, which come first. */
  unitsOf(text: string): Uint16Array {
    const isUsual = text.length <= this.#units.length
    const units = isUsual ? this.#units : new Uint16Array(text.length)
    if (IS_LITTLE_ENDIAN) (isUsual ? this.#bytes : Buffer.from(units.buffer)).write(text, 'utf16le')
    else for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i)
    return units
  }
}
