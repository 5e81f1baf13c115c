import { LATENCY_BUCKETS, LATENCY_EDGES_US } from '../../../wire/latency-grid.ts'
import { total } from '../../../wire/total.ts'
import type { SparseHistogram, WindowCounts } from '../../../wire/window.ts'
import { percent } from '../../../evidence/words.ts'
import { latencyFigure } from '../figures.ts'
import { BOTTOM, LEFT, line, picture, polyline, rectangle, RIGHT, text, TOP, WIDTH, type Point } from './picture.ts'
import { linearScale, roundTicks, type Scale } from './scale.ts'

const HEIGHT = 260
const PLOT_BOTTOM = HEIGHT - BOTTOM
const PLOT_RIGHT = WIDTH - RIGHT
/** Failures and what is over the last edge: at no place on the axis. */
const OVERFLOW = LATENCY_BUCKETS - 1

/**
 * The latencies of both legs laid over each other: shares of the answers on the logarithmic grid that windows count on.
 * `thresholdUs`: over which an answer counts as late. null: there is no latency to draw.
 */
export function latencyPicture({ latency }: WindowCounts, thresholdUs: number | null): string | null {
  const shown = shownBuckets([latency.primary, latency.shadow], thresholdUs)
  if (shown === null) return null
  const primary = shares(latency.primary)
  const shadow = shares(latency.shadow)
  const highest = Math.max(...primary.slice(0, OVERFLOW), ...shadow.slice(0, OVERFLOW))
  const x = linearScale(shown.first - 1, shown.last, LEFT, PLOT_RIGHT)
  const y = linearScale(0, highest * 1.08, PLOT_BOTTOM, TOP)
  const marked = thresholdUs === null ? '' : ` The threshold is ${latencyFigure(thresholdUs)}.`
  return picture(
    {
      id: 'latency-overlay',
      title: 'Latency of the primary and of the candidate',
      description:
        `Most frequent: ${fullest(primary)} for the primary, ${fullest(shadow)} for the candidate. ` +
        `Failed or over the last edge: ${percent(primary[OVERFLOW] ?? 0)} and ${percent(shadow[OVERFLOW] ?? 0)}, not drawn.${marked}`,
    },
    HEIGHT,
    [
      ...shareAxis(highest * 1.08, y),
      ...bars(primary, shown, x, y),
      polyline('shadow', outline(shadow, shown, x, y)),
      ...latencyAxis(shown, x),
      ...(thresholdUs === null ? [] : threshold(thresholdUs, x)),
      text(LEFT, TOP - 12, 'share of answers by latency: primary (area), candidate (line)'),
    ],
  )
}

interface Shown {
  readonly first: number
  readonly last: number
}

/** From the bucket before the first that is not empty to the one behind the last, the threshold among them. */
function shownBuckets(histograms: readonly SparseHistogram[], thresholdUs: number | null): Shown | null {
  const filled = histograms.flatMap(histogram => Object.keys(histogram).map(Number)).filter(bucket => bucket < OVERFLOW)
  if (filled.length === 0) return null
  if (thresholdUs !== null) filled.push(Math.ceil(position(thresholdUs)))
  return { first: Math.max(0, Math.min(...filled) - 1), last: Math.min(OVERFLOW - 1, Math.max(...filled) + 1) }
}

/** Bucket i is drawn from position i - 1 to i; edges are evenly spaced on a logarithmic axis. */
function position(us: number): number {
  const [firstEdge = 1] = LATENCY_EDGES_US
  const lastEdge = LATENCY_EDGES_US.at(-1) ?? firstEdge
  return ((LATENCY_EDGES_US.length - 1) * Math.log(us / firstEdge)) / Math.log(lastEdge / firstEdge)
}

function shares(histogram: SparseHistogram): number[] {
  const all = Math.max(1, total(histogram))
  return Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => (histogram[bucket] ?? 0) / all)
}

function fullest(leg: readonly number[]): string {
  const drawn = leg.slice(0, OVERFLOW)
  const edge = LATENCY_EDGES_US[drawn.indexOf(Math.max(...drawn))] ?? 0
  return `up to ${latencyFigure(edge)}`
}

function bars(leg: readonly number[], { first, last }: Shown, x: Scale, y: Scale): string[] {
  return leg.flatMap((share, bucket) =>
    share === 0 || bucket < first || bucket > last
      ? []
      : [rectangle('primary', x(bucket - 1), y(share), x(bucket) - x(bucket - 1), PLOT_BOTTOM - y(share))],
  )
}

function outline(leg: readonly number[], { first, last }: Shown, x: Scale, y: Scale): Point[] {
  const steps = leg.slice(first, last + 1).flatMap((share, i): Point[] => [
    [x(first + i - 1), y(share)],
    [x(first + i), y(share)],
  ])
  return [[x(first - 1), PLOT_BOTTOM], ...steps, [x(last), PLOT_BOTTOM]]
}

function shareAxis(highest: number, y: Scale): string[] {
  return roundTicks(0, highest, 4).flatMap(tick => [
    line('grid', LEFT, y(tick), PLOT_RIGHT, y(tick)),
    text(LEFT - 8, y(tick) + 4, percent(tick), 'end'),
  ])
}

/** 1, 2 and 5 of each power of ten, fewer of them where the axis is long. */
function latencyAxis({ first, last }: Shown, x: Scale): string[] {
  const factors = last - first > 36 ? [1] : last - first > 14 ? [1, 3] : [1, 2, 5]
  const ticks = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap(power => factors.map(factor => factor * power))
  const within = ticks.filter(tick => position(tick) >= first - 1 && position(tick) <= last)
  return [
    line('axis', LEFT, PLOT_BOTTOM, PLOT_RIGHT, PLOT_BOTTOM),
    ...within.flatMap(tick => [
      line('axis', x(position(tick)), PLOT_BOTTOM, x(position(tick)), PLOT_BOTTOM + 4),
      text(x(position(tick)), PLOT_BOTTOM + 18, latencyFigure(tick), 'middle'),
    ]),
  ]
}

function threshold(thresholdUs: number, x: Scale): string[] {
  const place = x(position(thresholdUs))
  const isLeft = place < (LEFT + PLOT_RIGHT) / 2
  return [
    line('margin', place, TOP, place, PLOT_BOTTOM),
    text(isLeft ? place + 6 : place - 6, TOP + 12, `late over ${latencyFigure(thresholdUs)}`, isLeft ? 'start' : 'end'),
  ]
}
