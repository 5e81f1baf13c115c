import { seededRandom, type Random } from './evidence-simulation.ts'

/** Runs of each row; the figures of the README are made with the default. */
export const RUNS = Number(process.env['EVIDENCE_RUNS'] ?? 2_000)

/** Pairs of a window of one second. */
export const PER_WINDOW = 50

/** In how many of the runs something happened; each has its own seed. */
export function countRuns(run: (random: Random) => boolean): number {
  let count = 0
  for (let seed = 1; seed <= RUNS; seed++) if (run(seededRandom(seed))) count++
  return count
}

/** The most runs in which something with a chance of `alpha` may happen: three standard deviations over the mean. */
export function atMost(alpha: number): number {
  return RUNS * alpha + 3 * Math.sqrt(RUNS * alpha * (1 - alpha))
}

/** Of all runs, in percent. */
export function share(count: number): string {
  return `${((100 * count) / RUNS).toFixed(2)} %`
}
