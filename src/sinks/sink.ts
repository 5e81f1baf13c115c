/**
 * Where pair records and windows go. A sink lives on the analysis thread and must never slow it down:
 * `offer` neither blocks nor throws, whatever the state of the disk or the broker.
 */
export interface Sink {
  readonly name: string
  /** Takes the record for delivery. false: it was dropped at once, and counted with its reason. */
  offer(record: SinkRecord): boolean
  stats(): SinkStats
  /** Delivers what is pending, for at most `deadlineMs`, then releases files and sockets. Never rejects. */
  close(deadlineMs: number): Promise<void>
}

/** One line or message, already redacted and serialised once for all sinks. */
export interface SinkRecord {
  readonly stream: 'pairs' | 'windows'
  /** Partition key. */
  readonly key: string
  /** CloudEvents attributes for sinks that have headers. */
  readonly event: { readonly id: string; readonly type: string; readonly source: string; readonly time: string }
  /** JSON without line break. */
  readonly value: string
}

/** `accepted` = `delivered` + the sum of `dropped` + `pending`, at every moment. */
export interface SinkStats {
  readonly up: boolean
  readonly accepted: number
  readonly delivered: number
  readonly dropped: Readonly<Record<string, number>>
  readonly pending: number
}

export type SinkLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Record<string, string | number>,
) => void
