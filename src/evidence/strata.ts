/**
 * Events of both arms among the requests that were assigned while the canary's routing probability was `rho`: the
 * probability in force when the request was assigned, and the arm it was assigned to, whoever answered in the end.
 */
export interface Stratum {
  /** 0 to 1. Strata at 0 and at 1 say nothing about the arms and are passed over. */
  readonly rho: number
  readonly canary: number
  readonly primary: number
}

/**
 * One stratum a probability, in order of the probability. Floating-point sums depend on the order of their terms, and
 * evidence must not depend on the order in which windows were folded.
 */
export function orderStrata(strata: readonly Stratum[]): Stratum[] {
  const ordered: { rho: number; canary: number; primary: number }[] = []
  for (const { rho, canary, primary } of [...strata].sort((a, b) => a.rho - b.rho)) {
    if (!(rho > 0 && rho < 1) || canary + primary === 0) continue
    const last = ordered.at(-1)
    if (last?.rho === rho) {
      last.canary += canary
      last.primary += primary
    } else {
      ordered.push({ rho, canary, primary })
    }
  }
  return ordered
}
