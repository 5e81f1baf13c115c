import { grouped, percent, points } from '../../../evidence/words.ts'
import type { MetricNoise, NoiseFigures } from '../../noise.ts'
import { numbers, words, type Section, type Table } from '../document.ts'
import { NOTHING, numberFigure, shareFigure } from '../figures.ts'
import type { ReportInput } from '../report-input.ts'

const FIELDS_LISTED = 20

/** How much of the disagreement is the primary's own; null: nothing says so, and nothing has to. */
export function noiseSection({ noise, counts }: ReportInput): Section | null {
  const { stochastic, pairs } = counts
  if (noise === null && stochastic === 0) return null
  const chance = `${grouped(stochastic)} of ${grouped(pairs)} pairs (${shareFigure(stochastic, pairs)}) asked for an answer that may be another one each time.`
  const unknown = 'How much of their disagreement that is, only a control on the route could show.'
  return {
    id: 'noise',
    title: 'Noise',
    notes: [
      ...(noise === null ? [] : [noiseInWords(noise)]),
      ...(stochastic === 0 ? [] : [chance]),
      ...(noise === null ? [unknown] : []),
    ],
    pictures: [],
    tables: noise === null ? [] : tablesOf(noise),
  }
}

function noiseInWords({ control, requests, raw, noise, excess }: NoiseFigures): string {
  if (raw === null || noise === null || excess === null) return `No request had an answer of ${control} as well yet.`
  return `On the ${grouped(requests)} requests that had both, the candidate disagrees with the primary in ${percent(raw)}, the primary with itself (${control}) in ${percent(noise)}: the excess is ${points(excess)}. Warm-up included.`
}

function tablesOf({ requests, raw, noise, excess, fields, metrics }: NoiseFigures): Table[] {
  const shares: Table = {
    caption: 'Disagreement with the primary, of the requests that had both',
    columns: [words('share'), numbers('requests'), numbers('disagree')],
    rows: [
      ['candidate (raw)', grouped(requests), raw === null ? NOTHING : percent(raw)],
      ['control (noise)', grouped(requests), noise === null ? NOTHING : percent(noise)],
      ['candidate over control (excess)', grouped(requests), excess === null ? NOTHING : points(excess)],
    ],
    isFolded: false,
  }
  const byField: Table = {
    caption: 'By field, of all compared pairs since the process started',
    columns: [words('field'), words('kind of difference'), numbers('raw'), numbers('noise'), numbers('excess')],
    rows: fields
      .slice(0, FIELDS_LISTED)
      .map(field => [field.path, field.kind, percent(field.raw), percent(field.noise), points(field.excess)]),
    isFolded: false,
  }
  const byMetric: Table = {
    caption: 'By metric: means over the pairs whose bytes differ, since the process started',
    columns: [
      words('metric'),
      ...['raw', 'pairs of the candidate', 'noise', 'pairs of the control', 'excess'].map(numbers),
    ],
    rows: metrics.map(metricRow),
    isFolded: false,
  }
  return [shares, byField, byMetric].filter(({ rows }) => rows.length > 0)
}

function metricRow({ metric, raw, noise, excess }: MetricNoise): string[] {
  return [
    metric,
    numberFigure(raw.mean),
    grouped(raw.pairs),
    noise === null ? NOTHING : numberFigure(noise.mean),
    noise === null ? NOTHING : grouped(noise.pairs),
    excess === null ? NOTHING : numberFigure(excess),
  ]
}
