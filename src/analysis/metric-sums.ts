import type { ExperimentReport } from '../wire/messages.ts'

/** What comparators measured, summed up by metric; their names are those of the comparators, a closed list. */
export class MetricSums {
  readonly #sums = new Map<string, { count: number; sum: number }>()

  add(metrics: Readonly<Record<string, number>>): void {
    for (const metric in metrics) {
      const value = metrics[metric] as number
      const sums = this.#sums.get(metric)
      if (sums === undefined) this.#sums.set(metric, { count: 1, sum: value })
      else {
        sums.count++
        sums.sum += value
      }
    }
  }

  report(): ExperimentReport['metrics'] {
    return Object.fromEntries([...this.#sums].map(([metric, sums]) => [metric, { ...sums }]))
  }
}
