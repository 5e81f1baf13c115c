import { commonSubsequence } from './common-subsequence.ts'
import type { CostCap } from './cost-cap.ts'
import { editDistance } from './edit-distance.ts'
import { numberedWords } from './numbered-words.ts'
import { mayBeUnspaced } from './words.ts'
import { TextMemory, WorkingMemory } from './working-memory.ts'

/** What is only recorded looks at the beginning of long texts; what decides, at the whole. */
const RECORDED_CHARACTERS = 4096
const SPACE = 0x20
/** The edit distance grows with the square, and is never more than recorded. */
const EDITED_CHARACTERS = 256

const countsMemory = new WorkingMemory(4096)
const oursMemory = new TextMemory(RECORDED_CHARACTERS)
const theirsMemory = new TextMemory(RECORDED_CHARACTERS)

export interface TextSimilarity {
  /** Of the words as a bag: 2PR / (P + R), as in the evaluation of SQuAD (Rajpurkar, Zhang, Lopyrev & Liang 2016). */
  readonly tokenF1: number
  /** Of the longest common subsequence of words: P = LCS / shadow's words, R = LCS / primary's (Lin 2004, ROUGE-L with beta 1). */
  readonly rougeL: number
  /** 1 - distance / length of the longer text, of the first 256 characters (Levenshtein 1966). */
  readonly editRatio: number
  /** How many words both begin with. */
  readonly sameWords: number
}

/**
 * How alike two normalised texts are, 0..1. Their words are looked at all with `isWhole`, else those of the first 4096
 * characters. @throws CostExceeded
 */
export function textSimilarity(primary: string, shadow: string, isWhole: boolean, cost: CostCap): TextSimilarity {
  const [ours, theirs] = isWhole ? [primary, shadow] : [beginningOf(primary), beginningOf(shadow)]
  const { start, end } = commonEnds(ours, theirs)
  cost.spend(ours.length + theirs.length)
  // What both begin and end with is in every measure as it is: it only has to be counted.
  const before = spacesIn(ours, 0, start)
  const after = spacesIn(ours, ours.length - end, ours.length)
  const { a, b, distinct } = numberedWords(
    ours.slice(start, ours.length - end),
    theirs.slice(start, theirs.length - end),
    cost,
  )
  cost.spend(a.length + b.length)
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  const common = before + after
  const f1 = (shared: number): number => harmonicMean(common + shared, common + a.length, common + b.length)
  return {
    tokenF1: f1(sharedWords(a, b, distinct)),
    rougeL: f1(commonSubsequence(a, b, distinct, cost)),
    editRatio: editRatio(primary.slice(0, EDITED_CHARACTERS), shadow.slice(0, EDITED_CHARACTERS), cost),
    sameWords: before + same,
  }
}

function beginningOf(text: string): string {
  return text.slice(0, RECORDED_CHARACTERS).trimEnd()
}

/** As many as there are words, where a text begins or ends with one of them. */
function spacesIn(text: string, from: number, to: number): number {
  let spaces = 0
  for (let i = from; i < to; i++) if (text.charCodeAt(i) === SPACE) spaces++
  return spaces
}

/**
 * How many characters two texts have in common at their beginnings, up to behind a space, and at their ends, from a space
 * on; 0 where there is no such space, or where words have none between them.
 */
function commonEnds(a: string, b: string): { readonly start: number; readonly end: number } {
  if (mayBeUnspaced(a) || mayBeUnspaced(b)) return { start: 0, end: 0 }
  const shorter = Math.min(a.length, b.length)
  const ours = oursMemory.unitsOf(a)
  const theirs = theirsMemory.unitsOf(b)
  let same = 0
  while (same < shorter && ours[same] === theirs[same]) same++
  const start = same === 0 ? 0 : a.lastIndexOf(' ', same - 1) + 1
  let end = 0
  while (start + end < shorter && ours[a.length - 1 - end] === theirs[b.length - 1 - end]) end++
  const space = a.indexOf(' ', a.length - end)
  return { start, end: space === -1 ? 0 : a.length - space }
}

/** 1 - Levenshtein distance / length of the longer text; two empty texts are the same. @throws CostExceeded */
export function editRatio(a: string, b: string, cost: CostCap): number {
  const longer = Math.max(a.length, b.length)
  return longer === 0 ? 1 : 1 - editDistance(a, b, cost) / longer
}

/** Of shared / a and shared / b. */
function harmonicMean(shared: number, a: number, b: number): number {
  return a + b === 0 ? 1 : (2 * shared) / (a + b)
}

/** Each word as often as both have it. */
function sharedWords(a: Int32Array, b: Int32Array, distinct: number): number {
  const counts = countsMemory.zeroes(distinct)
  for (let i = 0; i < a.length; i++) counts[a[i] as number] = (counts[a[i] as number] as number) + 1
  let shared = 0
  for (let i = 0; i < b.length; i++) {
    const left = counts[b[i] as number] as number
    const isLeft = left > 0 ? 1 : 0
    shared += isLeft
    counts[b[i] as number] = left - isLeft
  }
  return shared
}
