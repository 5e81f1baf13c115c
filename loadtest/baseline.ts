import { measured, type Finding } from './findings.ts'
import { markdownTable, ratio } from './markdown.ts'

/** What a finding was when it was good, and how far it may be from that. */
export interface BaselineEntry {
  readonly value: number
  /** In parts of the value: with 0.25 a ratio of 0.80 is worse from 1.00 on. */
  readonly tolerance: number
}

/** `baseline.json`, by the ids of findings. */
export interface Baseline {
  /** Where and when, as the bench describes it. */
  readonly machine: string
  readonly findings: Readonly<Record<string, BaselineEntry>>
}

export type Verdict = 'as good' | 'worse' | 'not measured'

export interface Checked {
  readonly id: string
  readonly entry: BaselineEntry
  /** null: the run knows nothing of it. */
  readonly finding: Finding | null
  readonly verdict: Verdict
}

/** Holds what was found against each entry of the baseline. */
export function check(findings: readonly Finding[], baseline: Baseline): Checked[] {
  const byId = new Map(findings.map(finding => [finding.id, finding]))
  return Object.entries(baseline.findings).map(([id, entry]) => {
    const finding = byId.get(id) ?? null
    return { id, entry, finding, verdict: verdictOn(finding, entry) }
  })
}

function verdictOn(finding: Finding | null, entry: BaselineEntry): Verdict {
  if (finding === null || finding.value === null) return 'not measured'
  const { median } = finding.value
  const limit = limitOf(finding, entry)
  return (finding.better === 'lower' ? median <= limit : median >= limit) ? 'as good' : 'worse'
}

/** Where worse begins. */
function limitOf({ better }: Finding, { value, tolerance }: BaselineEntry): number {
  return better === 'lower' ? value * (1 + tolerance) : value * (1 - tolerance)
}

/** One line per entry of the baseline. */
export function checkTable(checked: readonly Checked[]): string {
  const rows = checked.map(({ id, entry, finding, verdict }) => [
    finding?.name ?? id,
    finding === null || finding.value === null ? '—' : measured(finding.value, finding.unit),
    ratio(entry.value),
    finding === null ? '—' : `${finding.better === 'lower' ? '≤' : '≥'} ${ratio(limitOf(finding, entry))}`,
    verdict === 'worse' ? '**worse**' : verdict,
  ])
  return markdownTable(['', 'measured', 'baseline', 'allowed', ''], rows)
}

/** What was not held against the baseline, and why: it must not be taken for good. */
export function unchecked(findings: readonly Finding[], checked: readonly Checked[], baseline: Baseline): string[] {
  const missing = checked
    .filter(({ verdict }) => verdict === 'not measured')
    .map(({ id, finding }) => `${finding?.name ?? id}: ${finding?.missing ?? 'the run has no such figure'}`)
  const unknown = findings
    .filter(({ id, unit }) => unit !== 'ms' && baseline.findings[id] === undefined)
    .map(({ name }) => `${name}: the baseline has no such figure`)
  return [...missing, ...unknown]
}

/** Reads `baseline.json`. @throws Error for anything else */
export function parseBaseline(text: string): Baseline {
  const baseline = JSON.parse(text) as Partial<Baseline> | null
  const entries = Object.values(baseline?.findings ?? {})
  const numbers = entries.flatMap(({ value, tolerance }) => [value, tolerance])
  if (entries.length === 0 || !numbers.every(number => Number.isFinite(number) && number > 0)) {
    throw new Error('not a baseline: it needs `findings` with `value` and `tolerance` above 0')
  }
  return baseline as Baseline
}

/** Reads what `npm run bench -- --json FILE` wrote. @throws Error for anything else */
export function parseFindings(text: string): readonly Finding[] {
  const { findings } = (JSON.parse(text) ?? {}) as { readonly findings?: readonly Finding[] }
  if (!Array.isArray(findings) || !findings.every(({ id, value }) => typeof id === 'string' && value !== undefined)) {
    throw new Error('not what `npm run bench -- --json FILE` writes')
  }
  return findings
}
