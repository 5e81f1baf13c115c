import type { ExperimentPlan } from '../../config/snapshot.ts'
import type { ExperimentReport } from '../../wire/messages.ts'
import type { WindowCounts } from '../../wire/window.ts'
import type { Look } from '../experiment-judge.ts'
import type { NoiseFigures } from '../noise.ts'
import type { LookPoint } from '../look-history.ts'
import type { Override } from '../overrides.ts'

/** Everything a report says, gathered at one moment: the same input gives the same report, to the last byte. */
export interface ReportInput {
  /** ISO 8601. */
  readonly madeAt: string
  /** Of Understudy. */
  readonly version: string
  readonly configuration: { readonly revision: number; readonly hash: string }
  readonly plan: ExperimentPlan
  /** false: the configuration has moved on, nothing is added any more. */
  readonly isCurrent: boolean
  /** The judge's: a report is of the evidence. */
  readonly look: Look
  /** What an operator has put in the place of the judge's verdict. */
  readonly override: Override | null
  /** Oldest first. */
  readonly history: readonly LookPoint[]
  /** All sealed windows, those of the warm-up included. */
  readonly counts: WindowCounts
  /** Percentiles in microseconds, since the analysis thread started; null before there are any. */
  readonly latency: ExperimentReport['latency'] | null
  readonly topFields: ExperimentReport['topFields']
  /** The most frequent changes of class, most frequent first, and how many there are beyond them; null: not counted. */
  readonly confusions: { readonly pairs: ExperimentReport['confusions']; readonly other: number } | null
  /** null: the route has no control. */
  readonly noise: NoiseFigures | null
  /** Newest first, redacted like the records they come from. */
  readonly examples: readonly Example[]
}

/** A disagreeing pair. */
export interface Example {
  readonly requestId: string
  /** ISO 8601. */
  readonly arrivedAt: string
  readonly differences: readonly ExampleDifference[]
}

export interface ExampleDifference {
  readonly path: string
  readonly kind: string
  /** JSON texts. */
  readonly primary: string
  readonly shadow: string
}

/** Reads a pair record of a disagreement. @returns null when it is none. */
export function readExample(record: unknown): Example | null {
  const { requestId, arrivedAt, comparison } = fieldsOf(record)
  const { differences } = fieldsOf(comparison)
  if (typeof requestId !== 'string' || typeof arrivedAt !== 'string' || !Array.isArray(differences)) return null
  return { requestId, arrivedAt, differences: differences.map(readDifference) }
}

function readDifference(difference: unknown): ExampleDifference {
  const { path, kind, primary, shadow } = fieldsOf(difference)
  return { path: String(path), kind: String(kind), primary: jsonText(primary), shadow: jsonText(shadow) }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function jsonText(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value)
}
