import type { GatePoint, LookPoint } from '../../look-history.ts'
import { gateFigure, gateInterval, type GateUnit } from '../figures.ts'
import {
  BOTTOM,
  circle,
  LEFT,
  line,
  picture,
  polygon,
  polyline,
  RIGHT,
  text,
  TOP,
  WIDTH,
  type Point,
} from './picture.ts'
import { linearScale, roundTicks, timeTicks, type Scale } from './scale.ts'

const HEIGHT = 240
const PLOT_BOTTOM = HEIGHT - BOTTOM
const PLOT_RIGHT = WIDTH - RIGHT

interface Seen extends GatePoint {
  readonly second: number
  readonly estimate: number
}

/**
 * The estimate of one gate over time, within its confidence interval, beside the margin. `startSecond`: when the
 * experiment began, seconds since the epoch. null: no look at this gate had a vote.
 */
export function intervalPicture(
  { id: gate, unit }: { readonly id: string; readonly unit: GateUnit },
  history: readonly LookPoint[],
  startSecond: number,
): string | null {
  const seen = looksAt(gate, history)
  const newest = seen.at(-1)
  if (newest === undefined) return null
  const elapsed = Math.max(1, newest.second - startSecond + 1)
  const x = linearScale(0, elapsed, LEFT, PLOT_RIGHT)
  const [low, high] = shownRange(seen, newest)
  const y = linearScale(low, high, PLOT_BOTTOM, TOP)
  const place = ({ second }: Seen): number => x(second - startSecond + 1)
  const uppers = seen.map((look): Point => [place(look), y(look.upper ?? high)])
  const lowers = seen.map((look): Point => [place(look), y(look.lower)])
  return picture(
    {
      id: `interval-${gate}`,
      title: `${gate} over time`,
      description:
        `After ${timeFigure(elapsed)} the estimate is ${gateFigure(unit, newest.estimate)}, its interval ` +
        `${gateInterval(unit, newest)}; the margin is ${gateFigure(unit, newest.margin)}.`,
    },
    HEIGHT,
    [
      ...axes(unit, roundTicks(low, high, 4), y, elapsed, x),
      polygon('interval', [...uppers, ...lowers.toReversed()]),
      line('margin', LEFT, y(newest.margin), PLOT_RIGHT, y(newest.margin)),
      polyline(
        'estimate',
        seen.map((look): Point => [place(look), y(look.estimate)]),
      ),
      line('estimate', place(newest), y(newest.lower), place(newest), y(newest.upper ?? high)),
      circle('estimate', place(newest), y(newest.estimate), 3),
      text(
        LEFT,
        TOP - 12,
        `${gate}: estimate (line), interval (area), margin ${gateFigure(unit, newest.margin)} (dashed)`,
      ),
    ],
  )
}

function looksAt(gate: string, history: readonly LookPoint[]): Seen[] {
  return history.flatMap(({ second, gates }) => {
    const found = gates.find(({ id }) => id === gate)
    return found === undefined || found.estimate === null ? [] : [{ ...found, estimate: found.estimate, second }]
  })
}

/**
 * The margin, all estimates but those of the first tenth, and the intervals of the later half: the first ones are so wide
 * that they would press everything else into one line. What lies outside is drawn on the edge.
 */
function shownRange(seen: readonly Seen[], newest: Seen): [low: number, high: number] {
  const values = [newest.margin]
  for (const [i, { estimate, lower, upper }] of seen.entries()) {
    if (i >= Math.floor(seen.length / 10)) values.push(estimate)
    if (i < Math.floor(seen.length / 2)) continue
    values.push(lower)
    if (upper !== null) values.push(upper)
  }
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = (high - low) * 0.08 || Math.abs(high) * 0.01 || 0.001
  return [low - room, high + room]
}

function axes(unit: GateUnit, ticks: readonly number[], y: Scale, elapsed: number, x: Scale): string[] {
  return [
    ...ticks.flatMap(tick => [
      line('grid', LEFT, y(tick), PLOT_RIGHT, y(tick)),
      text(LEFT - 8, y(tick) + 4, gateFigure(unit, tick), 'end'),
    ]),
    ...timeTicks(elapsed, 6).map(tick => text(x(tick), PLOT_BOTTOM + 18, timeFigure(tick), 'middle')),
    line('axis', LEFT, PLOT_BOTTOM, PLOT_RIGHT, PLOT_BOTTOM),
  ]
}

function timeFigure(seconds: number): string {
  if (seconds === 0) return '0'
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}
