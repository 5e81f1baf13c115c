import { markdownTable, ratio, withRange } from './markdown.ts'
import { spread, type Spread } from './statistics.ts'

/** Something the bench is asked, with the answer it should have. */
export interface Question {
  /** Stays the same when the wording changes: the baseline knows it by this. */
  readonly id: string
  readonly name: string
  readonly unit: 'ratio' | 'ms' | 'MiB'
  readonly better: 'lower' | 'higher'
  /** At most this if lower is better, else at least. null: there is no target. */
  readonly target: number | null
  /** Whether it cannot be reached where load, model servers and proxy share few cores. */
  readonly needsCores?: boolean
}

export interface Finding extends Question {
  /** null: it could not be measured. */
  readonly value: Spread | null
  /** Why it could not be measured. */
  readonly missing: string | null
}

/** Runs of each row by its name, one per round. A row that could not be measured is not in it. */
export type Results<Run> = ReadonlyMap<string, readonly Run[]>

/** With fewer cores, load, model servers and proxy take them from each other. */
const CORES_ENOUGH = 6

/** The answer from one row over another, round by round: what slows the whole machine for a while falls out. */
export function ratioBetween<Run>(
  question: Question,
  results: Results<Run>,
  over: string,
  under: string,
  read: (run: Run) => number,
): Finding {
  return pairwise(question, results, [over, under], (a, b) => read(a) / read(b))
}

/** As `ratioBetween`, for the difference. */
export function differenceBetween<Run>(
  question: Question,
  results: Results<Run>,
  more: string,
  less: string,
  read: (run: Run) => number,
): Finding {
  return pairwise(question, results, [more, less], (a, b) => read(a) - read(b))
}

function pairwise<Run>(
  question: Question,
  results: Results<Run>,
  rows: readonly [string, string],
  combine: (a: Run, b: Run) => number,
): Finding {
  const absent = rows.filter(row => (results.get(row) ?? []).length === 0)
  if (absent.length > 0) return { ...question, value: null, missing: `no row “${absent.join('”, “')}”` }
  const [first, second] = rows.map(row => results.get(row) as readonly Run[]) as [readonly Run[], readonly Run[]]
  const values = first.map((run, round) => combine(run, second[round] as Run))
  if (!values.every(Number.isFinite)) return { ...question, value: null, missing: 'a round without any answer' }
  return { ...question, value: spread(values), missing: null }
}

/** The findings of a section with their targets. */
export function findingsTable(findings: readonly Finding[], cores: number): string {
  const rows = findings.map(finding => [
    finding.name,
    finding.value === null ? `not measured: ${finding.missing}` : measured(finding.value, finding.unit),
    finding.target === null ? '' : `${finding.better === 'lower' ? '≤' : '≥'} ${written(finding.target, finding.unit)}`,
    verdict(finding, cores),
  ])
  return markdownTable(['', 'measured', 'target', ''], rows)
}

/** `✓`, `✗`, or why neither can be said. */
export function verdict({ value, target, better, needsCores }: Finding, cores: number): string {
  if (value === null || target === null) return ''
  if (better === 'lower' ? value.median <= target : value.median >= target) return '✓'
  return needsCores === true && cores < CORES_ENOUGH ? 'cores are the limit' : '✗'
}

/** The median with its range. */
export function measured(value: Spread, unit: Question['unit']): string {
  return withRange(value, number => written(number, unit))
}

function written(value: number, unit: Question['unit']): string {
  if (unit === 'ratio') return ratio(value)
  return unit === 'ms' ? `${value.toFixed(3)} ms` : `${Math.round(value)} MiB`
}
