/** Nearly every head, and every small answer, is within the first of these. */
const HEAD_STEP_BYTES = 4 * 1024

/** Reads the text of one head after the other, however it is cut. */
export class HeadReader {
  readonly #maxBytes: number
  readonly #checkBeginning: (text: string, from: number) => void
  readonly #tooLarge: (maxBytes: number) => Error
  /** The part that came before. */
  #partial = ''
  #whole: string | null = null

  /**
   * `checkBeginning`: throws for what can be no head; what it has seen before `from` is not looked at again, for a head may come
   * byte by byte. `tooLarge`: what is thrown for one over `maxBytes`.
   */
  constructor(
    maxBytes: number,
    checkBeginning: (text: string, from: number) => void,
    tooLarge: (maxBytes: number) => Error,
  ) {
    this.#maxBytes = maxBytes
    this.#checkBeginning = checkBeginning
    this.#tooLarge = tooLarge
  }

  /** Some of a head has come, and not all of it. */
  get begun(): boolean {
    return this.#partial !== ''
  }

  reset(): void {
    this.#partial = ''
  }

  /** Reads from `at`, as far as the empty line. @returns behind what was read */
  step(bytes: Buffer, at: number): number {
    const before = this.#partial.length
    const step = bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_STEP_BYTES))
    const text = before === 0 ? step : this.#partial + step
    // The empty line may have begun with the last bytes that came before.
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    // Up to three of the characters may be of the empty line.
    if (end > this.#maxBytes || (end === -1 && text.length - 3 > this.#maxBytes)) throw this.#tooLarge(this.#maxBytes)
    if (end === -1) {
      this.#checkBeginning(text, before)
      this.#partial = text
      return at + step.length
    }
    this.#partial = ''
    this.#whole = text.slice(0, end)
    return at + end + 4 - before
  }

  /** The head that has become whole with the last step, latin1 without the empty line; null: it has not. */
  take(): string | null {
    const whole = this.#whole
    this.#whole = null
    return whole
  }
}
