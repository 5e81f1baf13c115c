import { errorsOf } from './isolation-table.ts'
import type { LoadResult } from './load-plan.ts'
import { markdownTable, milliseconds, ratio, whole, withRange } from './markdown.ts'
import type { Sample } from './scrape.ts'
import { spread } from './statistics.ts'

/** One round: the same load on both sides. */
export interface ScenarioRound {
  readonly subject: LoadResult
  readonly reference: LoadResult
}

/** What became of the copies that should have been sent. */
export interface Copies {
  readonly sent: number
  /** By reason, those that happened. */
  readonly dropped: ReadonlyMap<string, number>
}

export interface ScenarioRow {
  readonly title: string
  /** Whether answers are streams, for which the first byte is worth a column. */
  readonly streams: boolean
  readonly rounds: readonly ScenarioRound[]
  /** Of the subject, in all rounds together. */
  readonly copies: Copies
  readonly rssBytes: number
}

const HEADER = [
  'scenario',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'first byte p50, p99 ms',
  'errors',
  'errors of the reference',
  'p50 ×',
  'p99 ×',
  'copies sent',
  'copies dropped',
  'RSS MiB',
]

/** `×` columns are ratios to the reference, round by round. */
export function scenarioTable(rows: readonly ScenarioRow[]): string {
  return markdownTable(HEADER, rows.map(cellsOf))
}

function cellsOf({ title, streams, rounds, copies, rssBytes }: ScenarioRow): string[] {
  const median = (read: (result: LoadResult) => number): number =>
    spread(rounds.map(({ subject }) => read(subject))).median
  const times = (read: (result: LoadResult) => number): string =>
    withRange(spread(rounds.map(({ subject, reference }) => read(subject) / read(reference))), ratio)
  const firstByte = [median(result => result.firstByteP50Us), median(result => result.firstByteP99Us)]
  return [
    title,
    whole(median(result => result.achievedPerS)),
    milliseconds(median(result => result.p50Us)),
    milliseconds(median(result => result.p99Us)),
    streams ? `${firstByte.map(milliseconds).join(', ')} (p99 × ${times(result => result.firstByteP99Us)})` : '—',
    errorsOf(rounds.map(({ subject }) => subject)),
    errorsOf(rounds.map(({ reference }) => reference)),
    times(result => result.p50Us),
    times(result => result.p99Us),
    whole(copies.sent),
    droppedOf(copies.dropped),
    whole(rssBytes / 2 ** 20),
  ]
}

/** `0`, or `120 in_flight, 3 overloaded`. */
function droppedOf(dropped: Copies['dropped']): string {
  if (dropped.size === 0) return '0'
  return [...dropped].map(([reason, count]) => `${whole(count)} ${reason}`).join(', ')
}

/** Reads from `/metrics` what became of the copies since the process was started. */
export function copiesIn(samples: readonly Sample[]): Copies {
  let sent = 0
  const dropped = new Map<string, number>()
  for (const { name, labels, value } of samples) {
    if (name === 'understudy_shadow_sent_total') sent += value
    if (name !== 'understudy_shadow_dropped_total' || value === 0) continue
    const reason = labels.reason ?? ''
    dropped.set(reason, (dropped.get(reason) ?? 0) + value)
  }
  return { sent, dropped }
}
