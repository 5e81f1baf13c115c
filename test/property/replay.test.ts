import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FrameLeg, PairFrame } from '../../src/wire/pair-frame.ts'
import { leg, pairFrame, snapshotOf } from '../support/pairs.ts'
import { replayed, Recording } from '../support/recording.ts'
import { quickPlan, START } from '../support/verdicts.ts'

const QUICK = quickPlan({ warmUpMs: 3_000 })
const PLAN = {
  ...QUICK,
  gates: { ...QUICK.gates, timeToFirstToken: { percentile: 80, maxIncrease: 0.05, thresholdUs: null } },
}
const SNAPSHOT = snapshotOf([PLAN], {
  record: { bodies: 'always', maxBodyBytes: 64, redactPaths: [['secret']], redactHeaders: [] },
})
const ORIGINS = ['host/0a1b2c3d/0', 'host/0a1b2c3d/1']

const answer: fc.Arbitrary<FrameLeg> = fc
  .record({
    label: fc.nat(2),
    secret: fc.boolean(),
    isLong: fc.boolean(),
    status: fc.constantFrom(200, 200, 200, 200, 404, 503),
    latencyUs: fc.integer({ min: 500, max: 500_000 }),
  })
  .map(({ label, secret, isLong, status, latencyUs }) => {
    const body = { label, ...(secret ? { secret: label } : {}), ...(isLong ? { text: 'x'.repeat(99) } : {}) }
    return leg(JSON.stringify(body), { status, latencyUs })
  })

/** Tokens in pieces of their own, cut off now and then. */
const stream: fc.Arbitrary<FrameLeg> = fc
  .record({
    tokens: fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }),
    firstUs: fc.integer({ min: 500, max: 100_000 }),
    error: fc.constantFrom(null, null, null, 'UPSTREAM_RESET' as const),
  })
  .map(({ tokens, firstUs, error }) => {
    let bytes = 0
    const events = tokens.map(content => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`)
    if (error === null) events.push('data: [DONE]\n\n')
    const points = events.flatMap((event, i) => [(bytes += event.length), firstUs * (i + 1)])
    const arrivals = { points: Uint32Array.from(points), missed: 0, heldUs: 0 }
    const latencyUs = firstUs * (events.length + 1)
    return leg(events.join(''), { contentType: 'text/event-stream', latencyUs, arrivals, error })
  })

const chat = { path: '/v1/chat/completions', requestBody: Buffer.from('{"stream":true,"temperature":0.7}') }
const frame: fc.Arbitrary<PairFrame> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(answer, answer).map(([ours, theirs]) => pairFrame(ours, theirs)) },
  { weight: 1, arbitrary: fc.tuple(stream, stream).map(([ours, theirs]) => pairFrame(ours, theirs, chat)) },
  { weight: 1, arbitrary: fc.tuple(stream, answer).map(([ours, theirs]) => pairFrame(ours, theirs)) },
)

/** One second of one thread; `lateBy` more seconds go by before its exchanges are settled. */
const window = fc.record({
  origin: fc.constantFrom(...ORIGINS),
  second: fc.nat(11),
  frames: fc.array(frame, { maxLength: 30, size: 'max' }),
  dropped: fc.nat(3),
  lateBy: fc.constantFrom<number>(0, 0, 0, 1, 4),
})

const traffic = fc.array(window, { minLength: 1, maxLength: 40, size: 'max' })
const shuffling = fc.array(fc.nat(), { minLength: 1, maxLength: 50 })

type Window = typeof window extends fc.Arbitrary<infer T> ? T : never

/** Threads settle their seconds in order, each as late as the latest of its seconds so far. */
function record(windows: readonly Window[]): Recording {
  const recording = new Recording(SNAPSHOT)
  const settled = new Map<string, number>()
  for (let now = 0; now < 20; now++) {
    for (const { origin, second, frames, dropped } of windows.filter(each => each.second === now)) {
      recording.pairs(origin, START + second, frames, dropped)
    }
    for (const origin of ORIGINS) {
      const open = windows.filter(each => each.origin === origin && each.second + each.lateBy > now)
      const before = Math.min(now, ...open.map(each => each.second - 1))
      if (before > (settled.get(origin) ?? -1)) recording.settle(origin, START + before)
      settled.set(origin, Math.max(before, settled.get(origin) ?? -1))
    }
  }
  return recording
}

/** Every line once or more often, in some other order. */
function shuffled(lines: readonly string[], numbers: readonly number[]): string[] {
  const doubled = lines.flatMap((line, i) => ((numbers[i % numbers.length] ?? 0) % 3 === 0 ? [line, line] : [line]))
  const placed = doubled.map((line, i) => ({ line, at: ((numbers[i % numbers.length] ?? 0) * 7919 + i * 31) % 1009 }))
  return placed.sort((a, b) => a.at - b.at).map(({ line }) => line)
}

describe('a replay', () => {
  test('gives the look of the live judge to the last bit, also of lines that come twice and in another order', () => {
    fc.assert(
      fc.property(traffic, shuffling, (windows, numbers) => {
        const recording = record(windows)
        const live = recording.look(PLAN.id)
        const straight = replayed(recording.lines, SNAPSHOT)
        expect(straight.look).toEqual(live)
        expect(straight.evidence).toMatchObject({ changed: {}, withoutRecord: 0, withoutWindow: 0 })
        expect(replayed(shuffled(recording.lines, numbers), SNAPSHOT).look).toEqual(live)
      }),
      { numRuns: 60 },
    )
  })

  test('of the pairs alone votes as the windows do, and knows of nothing dropped', () => {
    fc.assert(
      fc.property(traffic, windows => {
        const onTime = windows.map(each => ({ ...each, lateBy: 0, dropped: 0 })).filter(each => each.frames.length > 0)
        fc.pre(onTime.length > 0)
        const recording = record(onTime)
        const pairs = recording.lines.filter(line => line.includes('"understudy.pair/1"'))
        const { look, evidence } = replayed(pairs, SNAPSHOT)
        expect(look.gates).toEqual(recording.look(PLAN.id)?.gates)
        expect(evidence).toMatchObject({ windows: 0, pairs: pairs.length })
      }),
      { numRuns: 40 },
    )
  })
})
