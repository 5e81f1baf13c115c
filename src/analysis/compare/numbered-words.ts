import type { CostCap } from './cost-cap.ts'
import { mayBeUnspaced } from './words.ts'
import { TextMemory, WorkingMemory } from './working-memory.ts'

/** Scripts that write no spaces between words: there every character counts as a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu
const SPACE = 0x20
/** A power of two, for some hundred different words. */
const FIRST_SLOTS = 256

/** For both texts as far as they are looked at when nobody wants all of them. */
const textMemory = new TextMemory(2 * 4097)
const slotsMemory = new WorkingMemory(FIRST_SLOTS)

/** The words of two texts as numbers from 0 on, the same word the same number. */
export interface NumberedWords {
  readonly a: readonly number[]
  readonly b: readonly number[]
  readonly distinct: number
}

/** The words of two normalised texts; punctuation stays with its word. @throws CostExceeded */
export function numberedWords(a: string, b: string, cost: CostCap): NumberedWords {
  const [ours, theirs] = [`${withSpaces(a)} `, `${withSpaces(b)} `]
  const words = new WordTable(textMemory.unitsOf(ours + theirs), cost)
  const middle = ours.length
  return { a: words.numberAll(0, middle), b: words.numberAll(middle, middle + theirs.length), distinct: words.count }
}

/** Spaces round each character that is a word of its own. */
function withSpaces(text: string): string {
  return mayBeUnspaced(text) ? text.replaceAll(UNSPACED, ' $& ') : text
}

/** Words by where they stand: none is cut out of its text, which is what a map of them spends its time with. */
class WordTable {
  readonly #units: Uint16Array
  readonly #cost: CostCap
  /** Of each word, by its number: where it begins, how long it is, and its hash. */
  readonly #starts: number[] = []
  readonly #lengths: number[] = []
  readonly #hashes: number[] = []
  /** By hash, or behind that place: a word's number plus one. 0 is free, and at least half of them are. */
  #slots = slotsMemory.zeroes(FIRST_SLOTS)

  constructor(units: Uint16Array, cost: CostCap) {
    this.#units = units
    this.#cost = cost
  }

  get count(): number {
    return this.#starts.length
  }

  /** The words from one place to another, with a space behind each. */
  numberAll(from: number, to: number): number[] {
    const units = this.#units
    const numbers: number[] = []
    let start = from
    let hash = 0
    for (let at = from; at < to; at++) {
      const unit = units[at] as number
      if (unit !== SPACE) {
        hash = ((hash << 5) - hash + unit) | 0
        continue
      }
      if (at > start) numbers.push(this.#numberOf(start, at - start, hash))
      start = at + 1
      hash = 0
    }
    return numbers
  }

  #numberOf(start: number, length: number, hash: number): number {
    const slots = this.#slots
    for (let slot = slotOf(hash, slots); ; slot = (slot + 1) & (slots.length - 1)) {
      const number = (slots[slot] as number) - 1
      if (number === -1) return this.#add(start, length, hash, slot)
      if (this.#hashes[number] === hash && this.#isSame(number, start, length)) return number
      // Texts can be made so that all their words have one hash.
      this.#cost.spend(1)
    }
  }

  #isSame(number: number, start: number, length: number): boolean {
    if (this.#lengths[number] !== length) return false
    const units = this.#units
    const known = this.#starts[number] as number
    for (let i = 0; i < length; i++) if (units[start + i] !== units[known + i]) return false
    return true
  }

  #add(start: number, length: number, hash: number, slot: number): number {
    const number = this.#starts.push(start) - 1
    this.#lengths.push(length)
    this.#hashes.push(hash)
    this.#slots[slot] = number + 1
    if (2 * this.count > this.#slots.length) this.#grow()
    return number
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    for (const [number, hash] of this.#hashes.entries()) {
      let slot = slotOf(hash, slots)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

function slotOf(hash: number, slots: Int32Array): number {
  return (hash ^ (hash >>> 15)) & (slots.length - 1)
}
