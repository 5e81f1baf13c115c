import { errorsOf } from './isolation-table.ts'
import { markdownTable, milliseconds, ratio, whole, withRange } from './markdown.ts'
import type { Measurement } from './measure.ts'
import { spread } from './statistics.ts'
import { undisturbedCells } from './undisturbed-cells.ts'

/** One round of one attack: what the normal clients of one proxy see. */
export interface AttackComparison {
  readonly quiet: Measurement
  /** The same attack on another process beside the proxy: what the machine has to do for it; null: not measured. */
  readonly bystander: Measurement | null
  readonly attacked: Measurement
  /** Connections of the attack that the proxy held when all should have been open; null: there was no attack. */
  readonly held: number | null
  /** What the kernel held at the end, as a share of the mark from which it saves (tcp-memory.ts); null: there was no attack. */
  readonly tcpMemory: number | null
}

export interface AttackRow {
  readonly attack: string
  readonly proxy: string
  /** One per round. */
  readonly comparisons: AttackComparison[]
}

const HEADER = [
  'attack',
  'proxy',
  'quiet p50 ms',
  'p99 ms',
  'bystander attacked p50 ms',
  'p99 ms',
  'attacked p50 ms',
  'p99 ms',
  'p99: attacked / quiet',
  'bystander / quiet',
  'attacked / bystander',
  'undisturbed p99: attacked / quiet',
  'slow windows, quiet',
  'errors quiet',
  'bystander',
  'attacked',
  'slow connections',
  'TCP memory',
]
const NOT_MEASURED = '—'

/** Ratios are taken round by round: medians (min–max); those of undisturbed windows: undisturbed-cells.ts. */
export function attackTable(rows: readonly AttackRow[]): string {
  return markdownTable(HEADER, rows.map(cellsOf), 2)
}

function cellsOf({ attack, proxy, comparisons }: AttackRow): string[] {
  const quiet = comparisons.map(comparison => comparison.quiet)
  const attacked = comparisons.map(comparison => comparison.attacked)
  const bystander = comparisons.map(comparison => comparison.bystander).filter(result => result !== null)
  return [
    attack,
    proxy,
    ...latenciesOf(quiet),
    ...latenciesOf(bystander),
    ...latenciesOf(attacked),
    timesP99(comparisons.map(comparison => [comparison.attacked, comparison.quiet])),
    timesP99(comparisons.map(comparison => [comparison.bystander, comparison.quiet])),
    timesP99(comparisons.map(comparison => [comparison.attacked, comparison.bystander])),
    ...undisturbedCells(comparisons.map(comparison => ({ over: comparison.attacked, under: comparison.quiet }))),
    errorsOf(quiet),
    bystander.length === 0 ? NOT_MEASURED : errorsOf(bystander),
    errorsOf(attacked),
    medianOf(
      comparisons.map(comparison => comparison.held),
      whole,
    ),
    medianOf(
      comparisons.map(comparison => comparison.tcpMemory),
      share => `${whole(share * 100)} %`,
    ),
  ]
}

function latenciesOf(results: readonly Measurement[]): string[] {
  if (results.length === 0) return [NOT_MEASURED, NOT_MEASURED]
  return [results.map(({ p50Us }) => p50Us), results.map(({ p99Us }) => p99Us)].map(values =>
    milliseconds(spread(values).median),
  )
}

function medianOf(values: readonly (number | null)[], format: (value: number) => string): string {
  const measured = values.filter(value => value !== null)
  return measured.length === 0 ? NOT_MEASURED : format(spread(measured).median)
}

function timesP99(rounds: readonly (readonly [Measurement | null, Measurement | null])[]): string {
  const ratios = rounds.flatMap(([over, under]) => (over === null || under === null ? [] : [over.p99Us / under.p99Us]))
  return ratios.length === 0 ? NOT_MEASURED : withRange(spread(ratios), ratio)
}
