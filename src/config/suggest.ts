/** More typing errors than this and the word was probably not meant. */
const MAX_EDITS = 2

/** Shorter words start too many others. */
const MIN_COMPLETED_LENGTH = 3

/** The candidate that `word` is most likely a misspelling of, or null. */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let bestEdits = Math.min(MAX_EDITS, Math.floor(word.length / 2)) + 1
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < bestEdits) {
      best = candidate
      bestEdits = edits
    }
  }
  return best ?? completion(word, candidates)
}

/** A candidate that continues the word, or the other way round: `warn` for `warning`, `max_in_flight` for `max`. */
function completion(word: string, candidates: Iterable<string>): string | null {
  if (word.length < MIN_COMPLETED_LENGTH) return null
  for (const candidate of candidates) {
    const [short, long] = [word, candidate].sort((a, b) => a.length - b.length) as [string, string]
    if (short.length >= MIN_COMPLETED_LENGTH && long.startsWith(short)) return candidate
  }
  return null
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min((previous[j] as number) + 1, (row[j - 1] as number) + 1, substitution)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) edits = Math.min(edits, (beforePrevious[j - 2] as number) + 1)
      row.push(edits)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length] as number
}
