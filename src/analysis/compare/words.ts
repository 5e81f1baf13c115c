/** Scripts that write no spaces between words: there every character counts as a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu
/** The first of them begins at U+0E00: most texts need no look at the scripts. */
const MAY_BE_UNSPACED = /[\u0e00-\uffff]/
const UNTIDY = /\s\s|[^\S ]/

/** What two texts are compared by: Unicode NFKC, lower case, runs of white space as one space and none at the ends. */
export function normalised(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase()
  // Looking is four times cheaper than replacing, and model output is mostly tidy.
  return (UNTIDY.test(folded) ? folded.replaceAll(/\s+/g, ' ') : folded).trim()
}

/** Whether characters may stand for words in a text, so that spaces alone do not tell them apart. */
export function mayBeUnspaced(text: string): boolean {
  return MAY_BE_UNSPACED.test(text)
}

/** The words of two normalised texts as numbers from 0 on, the same word the same number; punctuation stays with its word. */
export function numberedWords(a: string, b: string): { a: Int32Array; b: Int32Array; distinct: number } {
  const numbers = new Map<string, number>()
  return { a: numberAll(wordsOf(a), numbers), b: numberAll(wordsOf(b), numbers), distinct: numbers.size }
}

function numberAll(words: readonly string[], numbers: Map<string, number>): Int32Array {
  const all = new Int32Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    let number = numbers.get(word)
    if (number === undefined) numbers.set(word, (number = numbers.size))
    all[i] = number
  }
  return all
}

function wordsOf(text: string): readonly string[] {
  const spaced = withSpaces(text)
  return spaced === '' ? [] : spaced.split(' ')
}

/** Spaces round each character that is a word of its own. */
function withSpaces(text: string): string {
  return mayBeUnspaced(text) ? text.replaceAll(UNSPACED, ' $& ').replaceAll(/ {2,}/g, ' ').trim() : text
}
