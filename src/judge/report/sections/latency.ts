import { grouped } from '../../../evidence/words.ts'
import { LATENCY_BUCKETS, LATENCY_EDGES_US } from '../../../wire/latency-grid.ts'
import type { LatencySummary, Percentiles } from '../../../wire/messages.ts'
import { total } from '../../../wire/total.ts'
import type { WindowCounts } from '../../../wire/window.ts'
import { numbers, words, type Section, type Table } from '../document.ts'
import { latencyFigure, NOTHING, shareFigure } from '../figures.ts'
import type { ReportInput } from '../report-input.ts'
import { latencyPicture } from '../svg/latency-picture.ts'

const SPANS = [
  ['all', 'since the process started'],
  ['tenMinutes', 'last ten minutes'],
  ['lastMinute', 'last minute'],
] as const satisfies readonly (readonly [keyof LatencySummary, string])[]

/** How long both legs took. */
export function latencySection({ counts, latency, look }: ReportInput): Section {
  const { thresholdUs, firstTokenThresholdUs } = look
  const drawn = latencyPicture(counts, thresholdUs)
  const late =
    thresholdUs === null
      ? 'No latency threshold is chosen.'
      : `An answer is late over ${latencyFigure(thresholdUs)}: ${overShare(counts.latency.primary, thresholdUs)} of the primary's and ${overShare(counts.latency.shadow, thresholdUs)} of the candidate's are, failures among them.`
  return {
    id: 'latency',
    title: 'Latency',
    notes: [late, ...firstTokenNote(counts, firstTokenThresholdUs)],
    pictures: drawn === null ? [] : [drawn],
    tables: [...(latency === null ? [] : [percentileTable(latency)]), bucketTable(counts.latency)],
  }
}

/** Nothing without the gate: without its threshold there is nothing to say. */
function firstTokenNote({ firstToken: { latency } }: WindowCounts, thresholdUs: number | null): string[] {
  if (thresholdUs === null) return []
  return [
    `A first token is late over ${latencyFigure(thresholdUs)}: ${overShare(latency.primary, thresholdUs)} of the primary's and ${overShare(latency.shadow, thresholdUs)} of the candidate's are, of ${grouped(total(latency.primary))} pairs with a stream.`,
  ]
}

function overShare(histogram: Readonly<Record<string, number>>, thresholdUs: number): string {
  const edge = LATENCY_EDGES_US.findIndex(each => each >= thresholdUs)
  let over = 0
  for (let bucket = edge + 1; bucket < LATENCY_BUCKETS; bucket++) over += histogram[bucket] ?? 0
  return shareFigure(over, total(histogram))
}

function percentileTable(latency: NonNullable<ReportInput['latency']>): Table {
  return {
    caption: 'Percentiles of the latency',
    columns: [words('leg'), words('span'), ...['answers', 'p50', 'p90', 'p99', 'max'].map(numbers)],
    rows: SPANS.flatMap(([span, name]) =>
      (['primary', 'shadow'] as const).map(leg => [
        leg === 'shadow' ? 'candidate' : leg,
        name,
        ...percentiles(latency[leg][span]),
      ]),
    ),
    isFolded: false,
  }
}

function percentiles(summary: Percentiles | null): string[] {
  if (summary === null) return [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING]
  const { count, p50, p90, p99, max } = summary
  return [grouped(count), ...[p50, p90, p99, max].map(latencyFigure)]
}

function bucketTable({ primary, shadow }: WindowCounts['latency']): Table {
  const buckets = Array.from({ length: LATENCY_BUCKETS }, (_, i) => i)
  return {
    caption: 'Answers by latency, warm-up included',
    columns: [words('latency'), numbers('primary'), numbers('candidate')],
    rows: buckets
      .filter(bucket => (primary[bucket] ?? 0) + (shadow[bucket] ?? 0) > 0)
      .map(bucket => [bucketName(bucket), grouped(primary[bucket] ?? 0), grouped(shadow[bucket] ?? 0)]),
    isFolded: true,
  }
}

function bucketName(bucket: number): string {
  const edge = LATENCY_EDGES_US[bucket]
  return edge === undefined ? 'longer, or failed' : `up to ${latencyFigure(edge)}`
}
