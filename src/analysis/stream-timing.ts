import type { StreamTiming } from '../sinks/findings.ts'
import type { Arrivals } from '../wire/arrivals.ts'
import type { FrameLeg } from '../wire/pair-frame.ts'
import { markEvents, type EventMarks } from './stream-events.ts'

/** The timing of a leg's answer; null: it was no stream, or nobody wanted its body. */
export function legStream(leg: FrameLeg): StreamTiming | null {
  const { arrivals, contentType, body, error, bytes } = leg
  if (arrivals === null) return null
  const marks = isReadableStream(leg) ? markEvents(body, contentType) : null
  const isCut = error !== null || marks?.inEvent === true
  return { ...streamTiming(arrivals, marks), cut: isCut ? { atByte: bytes, inEvent: marks?.inEvent ?? null } : null }
}

/** Of a compressed body nobody can say which byte of the wire brought which event. */
export function isReadableStream({ capture, contentEncoding }: FrameLeg): boolean {
  return capture === 'complete' && (contentEncoding === '' || contentEncoding === 'identity')
}

/** When the body had come up to this offset; null: after the last point. */
export function timeOf(points: Arrivals['points'], end: number): number | null {
  return timesOf(points, [end])[0] ?? null
}

/**
 * When the events of a stream were there. `marks` null: they are not known, only when the first byte came is. An event is
 * there with the piece that brings its last byte, so how the body is cut into pieces matters only by when they come.
 */
export function streamTiming(arrivals: Arrivals, marks: EventMarks | null): Omit<StreamTiming, 'cut'> {
  const firstByteUs = arrivals.points[1] ?? null
  const { missed: missedPieces, heldUs } = arrivals
  const tokens = marks?.events.filter(({ hasContent }) => hasContent) ?? []
  const times = timesOf(
    arrivals.points,
    tokens.map(({ end }) => end),
  )
  return {
    firstByteUs,
    firstTokenUs: times[0] ?? null,
    tokens: marks === null ? null : tokens.length,
    interTokenUs: interTokenUs(times),
    tokensPerSecond: tokensPerSecond(times),
    missedPieces,
    heldUs,
  }
}

/** When each of these offsets, which grow, had come; those behind the last point are left out. */
function timesOf(points: Uint32Array, ends: readonly number[]): number[] {
  const times: number[] = []
  let at = 0
  for (const end of ends) {
    while (at < points.length && (points[at] as number) < end) at += 2
    if (at >= points.length) break
    times.push(points[at + 1] as number)
  }
  return times
}

function interTokenUs(times: readonly number[]): StreamTiming['interTokenUs'] {
  if (times.length < 2) return null
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number))
  gaps.sort((a, b) => a - b)
  const rank = (percent: number): number => gaps[Math.ceil((gaps.length * percent) / 100) - 1] as number
  return { p50: rank(50), p99: rank(99) }
}

/** From the first token on: what came before it is the wait for it. null: all came at once, or there are none. */
function tokensPerSecond(times: readonly number[]): number | null {
  const us = (times.at(-1) ?? 0) - (times[0] ?? 0)
  return us === 0 ? null : Math.round(((times.length - 1) / us) * 1e9) / 1e3
}
