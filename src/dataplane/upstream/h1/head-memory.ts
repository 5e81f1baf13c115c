import { parseAnswerHead, type AnswerHead } from './answer-head.ts'

/**
 * Model servers answer with the same head again and again, byte for byte until a date or a length changes: it is read once,
 * and what is derived from it (see AnswerHead.relayed) is kept with it. Measured: 1.3 us of a mirrored request.
 */
export class HeadMemory {
  #text = ''
  #head: AnswerHead | null = null

  /** `text`: latin1 without the empty line at its end. @throws MalformedMessage */
  read(text: string): AnswerHead {
    if (this.#head !== null && text === this.#text) return this.#head
    const head = parseAnswerHead(text)
    this.#text = text
    this.#head = head
    return head
  }
}
