import type { CostCap } from './cost-cap.ts'
import { mayBeUnspaced } from './words.ts'
import { TextMemory, WorkingMemory } from './working-memory.ts'

/** Scripts that write no spaces between words: there every character counts as a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu
const SPACE = 0x20
/** A power of two, for some hundred different words. */
const FIRST_SLOTS = 256

/** Both texts as far as they are looked at when nobody wants all of them, with a space behind each. */
const USUAL_UNITS = 2 * 4097
const USUAL_WORDS = USUAL_UNITS / 2

const textMemory = new TextMemory(USUAL_UNITS)
const numbersMemory = new WorkingMemory(USUAL_WORDS)
const startsMemory = new WorkingMemory(USUAL_WORDS)
const hashesMemory = new WorkingMemory(USUAL_WORDS)
const slotsMemory = new WorkingMemory(FIRST_SLOTS)

/** The words of two texts as numbers from 0 on, the same word the same number. */
export interface NumberedWords {
  readonly a: Int32Array
  readonly b: Int32Array
  readonly distinct: number
}

/**
 * The words of two normalised texts, good until the next call; punctuation stays with its word. No word is cut out of its
 * text: splitting and a map took 25 us where this takes 9, over two texts of 1.8 kB. @throws CostExceeded
 */
export function numberedWords(a: string, b: string, cost: CostCap): NumberedWords {
  const [ours, theirs] = [`${withSpaces(a)} `, `${withSpaces(b)} `]
  const size = ours.length + theirs.length
  const units = textMemory.unitsOf(ours + theirs)
  // A word and the space behind it are two units or more.
  const most = size >> 1
  const numbers = numbersMemory.numbers(most)
  // Of each word, by its number: where it begins, and its hash.
  const starts = startsMemory.numbers(most)
  const hashes = hashesMemory.numbers(most)
  // By hash, or behind that place: a word's number plus one. 0 is free, and at least half of them are.
  let slots = slotsMemory.zeroes(FIRST_SLOTS)
  let mask = FIRST_SLOTS - 1
  let distinct = 0
  let count = 0
  let countOfA = 0
  let start = 0
  let hash = 0
  for (let at = 0; at < size; at++) {
    const unit = units[at] as number
    if (unit !== SPACE) {
      hash = ((hash << 5) - hash + unit) | 0
      continue
    }
    if (at > start) {
      let slot = slotOf(hash, mask)
      let number = (slots[slot] as number) - 1
      while (number >= 0 && (hashes[number] !== hash || !isSame(units, starts[number] as number, start, at))) {
        // Texts can be made so that all their words have one hash.
        cost.spend(1)
        slot = (slot + 1) & mask
        number = (slots[slot] as number) - 1
      }
      if (number < 0) {
        number = distinct++
        starts[number] = start
        hashes[number] = hash
        slots[slot] = distinct
        if (2 * distinct > mask) {
          mask = 2 * mask + 1
          slots = slotsOf(hashes, distinct, mask)
        }
      }
      numbers[count++] = number
    }
    start = at + 1
    hash = 0
    if (start === ours.length) countOfA = count
  }
  return { a: numbers.subarray(0, countOfA), b: numbers.subarray(countOfA, count), distinct }
}

/** Spaces round each character that is a word of its own. */
function withSpaces(text: string): string {
  return mayBeUnspaced(text) ? text.replaceAll(UNSPACED, ' $& ') : text
}

/** Whether a word stands at `other` as from `start` to the space at `end`, which is compared too: both end there. */
function isSame(units: Uint16Array, other: number, start: number, end: number): boolean {
  for (let at = start; at <= end; at++) if (units[at] !== units[other + at - start]) return false
  return true
}

/** A table with the words known so far, of `mask` + 1 slots. */
function slotsOf(hashes: Int32Array, distinct: number, mask: number): Int32Array {
  const slots = new Int32Array(mask + 1)
  for (let number = 0; number < distinct; number++) {
    let slot = slotOf(hashes[number] as number, mask)
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = number + 1
  }
  return slots
}

function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask
}
