/** Distances of rankings. The items of a ranking are distinct. */

/**
 * Rank-biased overlap of two rankings of finite, possibly different length, extrapolated: RBO_ext, equation 32 of Webber,
 * Moffat & Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010. 1: the same; 0: nothing in common.
 * `p`: chance of looking at one more item; with 0.9 the first ten items carry 86 % of the weight.
 */
export function rankBiasedOverlap(a: readonly string[], b: readonly string[], p: number): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const s = short.length
  const l = long.length
  if (s === 0) return l === 0 ? 1 : 0
  const seenInShort = new Set<string>()
  const seenInLong = new Set<string>()
  let overlap = 0
  let overlapAtS = 0
  let sum = 0
  let weight = 1
  for (let depth = 1; depth <= l; depth++) {
    const fromLong = long[depth - 1] as string
    seenInLong.add(fromLong)
    if (depth <= s) {
      const fromShort = short[depth - 1] as string
      seenInShort.add(fromShort)
      if (fromShort !== fromLong && seenInLong.has(fromShort)) overlap++
    }
    if (seenInShort.has(fromLong)) overlap++
    if (depth === s) overlapAtS = overlap
    weight *= p
    sum += (overlap / depth) * weight
    if (depth > s) sum += ((overlapAtS * (depth - s)) / (s * depth)) * weight
  }
  return ((1 - p) / p) * sum + ((overlap - overlapAtS) / l + overlapAtS / s) * weight
}

/** The share of the first `k` items that both have; of rankings shorter than `k`, of the longer one. */
export function overlapAt(k: number, a: readonly string[], b: readonly string[]): number {
  const depth = Math.min(k, Math.max(a.length, b.length))
  if (depth === 0) return 1
  const first = new Set(a.slice(0, depth))
  return b.slice(0, depth).filter(item => first.has(item)).length / depth
}

/**
 * Kendall's tau-b of two lists of scores of the same items, ties accounted for: (C - D) / sqrt((C+D+Ta)(C+D+Tb)) over all
 * pairs (Kendall 1945), in n log n by counting the exchanges of a merge sort (Knight 1966). NaN when a list is all ties.
 */
export function kendallTauB(a: readonly number[], b: readonly number[]): number {
  const n = a.length
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => compareNumbers(a, i, j) || compareNumbers(b, i, j),
  )
  const tiedInA = tiedPairs(order, (i, j) => a[i] === a[j])
  const tiedInBoth = tiedPairs(order, (i, j) => a[i] === a[j] && b[i] === b[j])
  const values = order.map(i => b[i] as number)
  const discordant = sortCountingExchanges(values)
  const tiedInB = tiedPairs(values, (x, y) => x === y)
  const pairs = (n * (n - 1)) / 2
  const difference = pairs - tiedInA - tiedInB + tiedInBoth - 2 * discordant
  return difference / Math.sqrt((pairs - tiedInA) * (pairs - tiedInB))
}

function compareNumbers(values: readonly number[], i: number, j: number): number {
  return (values[i] as number) - (values[j] as number)
}

/** Pairs within runs of equal neighbours. */
function tiedPairs(sorted: readonly number[], same: (a: number, b: number) => boolean): number {
  let pairs = 0
  let run = 1
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && same(sorted[i - 1] as number, sorted[i] as number)) run++
    else {
      pairs += (run * (run - 1)) / 2
      run = 1
    }
  }
  return pairs
}

/** Sorts in place, from the bottom up; returns how many pairs stood the wrong way round. */
function sortCountingExchanges(values: number[]): number {
  let exchanges = 0
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start + width < values.length; start += 2 * width) {
      const left = values.slice(start, start + width)
      const right = values.slice(start + width, start + 2 * width)
      let i = 0
      let j = 0
      while (i < left.length && j < right.length) {
        const takeRight = (right[j] as number) < (left[i] as number)
        if (takeRight) exchanges += left.length - i
        values[start + i + j] = (takeRight ? right[j] : left[i]) as number
        if (takeRight) j++
        else i++
      }
      while (i < left.length) values[start + i + j] = left[i++] as number
      while (j < right.length) values[start + i + j] = right[j++] as number
    }
  }
  return exchanges
}
