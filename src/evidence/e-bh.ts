/**
 * Which of `m` exploratory findings to list so that, on average, at most a share `alpha` of those listed is chance,
 * however they depend on each other: the k largest e-values, k as large as E_(k) >= m / (k alpha) allows. Takes natural
 * logarithms; returns the positions in `logE`, largest first, ties in their own order. Wang & Ramdas 2022.
 */
export function selectByEvidence(logE: readonly number[], alpha: number): number[] {
  const ranked = logE.map((_, i) => i).sort((a, b) => (logE[b] as number) - (logE[a] as number) || a - b)
  for (let k = ranked.length; k > 0; k--) {
    if ((logE[ranked[k - 1] as number] as number) >= Math.log(logE.length / (k * alpha))) return ranked.slice(0, k)
  }
  return []
}
