import type { IncomparableReason, Outcome } from '../wire/outcomes.ts'

/** What the analysis finds of a pair, and its record carries. */

/** How two answers differ at one path. */
export type DifferenceKind = 'missing' | 'extra' | 'type' | 'value' | 'order' | 'size'

/** One place at which two answers differ. */
export interface Difference {
  /** `$.outputs[0].data[3]`: a path of the body itself, so that redaction by path finds it. */
  readonly path: string
  readonly kind: DifferenceKind
  readonly primary: unknown
  readonly shadow: unknown
}

/** One row that the shadow puts into another class. */
export interface FlippedLabel {
  /** Of the values the row belongs to, for redaction. */
  readonly path: string
  readonly primary: string
  readonly shadow: string
}

/** What the comparator found; `reason` says why a pair is incomparable. */
export interface Comparison {
  readonly result: Outcome
  readonly task: string
  /** The form in which the answers were read; absent: they did not have to be. */
  readonly payload?: string
  readonly reason?: IncomparableReason
  readonly metrics: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
  /** Whether there are more differences than are listed. */
  readonly truncated: boolean
  /** Of a classification; not part of the record, which has them as differences. Absent: none. */
  readonly labels?: readonly FlippedLabel[]
}

/** When the tokens of a streamed answer came. Times in microseconds from dispatch; a token is an event with content. */
export interface StreamTiming {
  /** Of the body; null: none came. */
  readonly firstByteUs: number | null
  readonly firstTokenUs: number | null
  /** null: not known, because the body was not captured or is compressed. */
  readonly tokens: number | null
  /** Between two tokens, by nearest rank; null: there are not two. */
  readonly interTokenUs: { readonly p50: number; readonly p99: number } | null
  /** From the first token to the last. */
  readonly tokensPerSecond: number | null
  /** The stream broke, or ended within an event (`inEvent`; null: not known) after so many bytes. null: it is whole. */
  readonly cut: { readonly atByte: number; readonly inEvent: boolean | null } | null
  /** Pieces without a time, because there were too many; the figures are of those before. */
  readonly missedPieces: number
  /** In which the answer was not read, because its client did not read: part of the times above. */
  readonly heldUs: number
}
