import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Windows, type CountedPair } from '../../src/analysis/windows.ts'
import { Ledger } from '../../src/judge/ledger.ts'
import { DROP_REASONS, INCOMPARABLE_REASONS, OUTCOMES, UNPAIRED_REASONS } from '../../src/wire/outcomes.ts'
import { addCounts, emptyCounts, type SealedWindow, type WindowCounts } from '../../src/wire/window.ts'
import { brokenLaws } from '../support/windows.ts'

const EXPERIMENTS = ['churn.v2.00000000', 'churn.v3.11111111']
const SECONDS = 5

/** What became of one eligible exchange. */
type Fate =
  | { readonly kind: 'not_sampled' }
  | { readonly kind: 'dropped'; readonly reason: (typeof DROP_REASONS)[number] }
  | { readonly kind: 'unpaired'; readonly reason: (typeof UNPAIRED_REASONS)[number] }
  | { readonly kind: 'pair'; readonly pair: CountedPair }

interface Exchange {
  readonly experiment: string
  readonly second: number
  readonly thread: number
  readonly fate: Fate
}

const pair: fc.Arbitrary<CountedPair> = fc
  .record({
    result: fc.constantFrom(...OUTCOMES),
    reason: fc.constantFrom(...INCOMPARABLE_REASONS),
    primaryUs: fc.nat(400_000_000),
    shadowUs: fc.nat(400_000_000),
    slowdownRatio: fc.constant(1.1),
    isRepeat: fc.boolean(),
    firstTokens: fc.option(
      fc.record({ primaryUs: fc.option(fc.nat(400_000_000)), shadowUs: fc.option(fc.nat(400_000_000)) }),
    ),
    isStochastic: fc.boolean(),
  })
  .map(({ reason, ...rest }) => (rest.result === 'incomparable' ? { ...rest, reason } : rest))

const exchange: fc.Arbitrary<Exchange> = fc.record({
  experiment: fc.constantFrom(...EXPERIMENTS),
  second: fc.nat(SECONDS - 1),
  thread: fc.nat(2),
  fate: fc.oneof(
    fc.constant<Fate>({ kind: 'not_sampled' }),
    fc.constantFrom(...DROP_REASONS).map<Fate>(reason => ({ kind: 'dropped', reason })),
    fc.constantFrom(...UNPAIRED_REASONS).map<Fate>(reason => ({ kind: 'unpaired', reason })),
    { weight: 5, arbitrary: pair.map<Fate>(pair => ({ kind: 'pair', pair })) },
  ),
})

/** One message of a thread, as something to do with the windows. */
type Send = (windows: Windows) => SealedWindow[]

/** The counts a thread keeps itself. */
function tallyOf(exchanges: readonly Exchange[]): WindowCounts {
  const counts = emptyCounts()
  for (const { fate } of exchanges) {
    counts.eligible++
    if (fate.kind !== 'not_sampled') counts.sampled++
    if (fate.kind === 'dropped') counts.dropped[fate.reason]++
    if (fate.kind === 'unpaired' || fate.kind === 'pair') counts.sent++
    if (fate.kind === 'unpaired') counts.unpaired[fate.reason]++
    if (fate.kind === 'pair') counts.pairs++
  }
  return counts
}

/** The messages of a thread in the order of its port: the frames of a second in any order, before its tally. */
function messagesOf(thread: number, all: readonly Exchange[]): Send[] {
  const origin = `h/1/${thread}`
  const mine = all.filter(each => each.thread === thread)
  const frames = mine.flatMap<Send>(({ fate, experiment, second }) =>
    fate.kind === 'pair'
      ? [windows => (expect(windows.addPair(origin, experiment, second, fate.pair)).toBe(true), [])]
      : [],
  )
  const tallies = Array.from({ length: SECONDS }, (_, second) => second).map<Send>(second => windows => {
    for (const experiment of EXPERIMENTS) {
      const counted = mine.filter(each => each.second === second && each.experiment === experiment)
      if (counted.length > 0) expect(windows.addCounts(origin, experiment, second, tallyOf(counted))).toBe(true)
    }
    return windows.settle(origin, second + 1)
  })
  return [...frames, ...tallies]
}

/** Takes from the threads in the given turns, then what is left of each. */
function run(threads: readonly Send[][], turns: readonly number[]): SealedWindow[] {
  const queues = threads.map(messages => [...messages])
  const windows = new Windows()
  const sealed: SealedWindow[] = []
  for (const turn of [...turns, ...queues.flatMap((queue, thread) => queue.map(() => thread))]) {
    const send = queues[turn % queues.length]?.shift()
    if (send !== undefined) sealed.push(...send(windows))
  }
  return sealed
}

function merged(windows: readonly SealedWindow[]): Record<string, WindowCounts> {
  const totals: Record<string, WindowCounts> = {}
  for (const { experiment, counts } of windows) addCounts((totals[experiment] ??= emptyCounts()), counts)
  return totals
}

const split = fc.record({
  exchanges: fc.array(exchange, { maxLength: 60 }),
  threads: fc.array(fc.nat(2), { minLength: 60, maxLength: 60 }),
  turns: fc.array(fc.nat(2), { maxLength: 80 }),
})

describe('windows', () => {
  test('add up to the same however the exchanges are spread over threads and the messages are interleaved', () => {
    fc.assert(
      fc.property(split, ({ exchanges, threads, turns }) => {
        const spread = exchanges.map((each, i) => ({ ...each, thread: threads[i] ?? 0 }))
        const single = exchanges.map(each => ({ ...each, thread: 0 }))
        const sealed = run(
          [0, 1, 2].map(thread => messagesOf(thread, spread)),
          turns,
        )
        expect(merged(sealed)).toEqual(merged(run([messagesOf(0, single)], [])))
        expect(sealed.flatMap(window => brokenLaws(window.counts))).toEqual([])
        const keys = sealed.map(({ experiment, origin, second }) => `${experiment} ${origin} ${second}`)
        expect(new Set(keys).size).toBe(keys.length)
      }),
    )
  })

  test('keep the laws wherever a thread crashes', () => {
    fc.assert(
      fc.property(fc.array(exchange, { maxLength: 60 }), fc.nat(80), (exchanges, crash) => {
        const messages = messagesOf(
          0,
          exchanges.map(each => ({ ...each, thread: 0 })),
        ).slice(0, crash)
        const windows = new Windows()
        const sealed = messages.flatMap(send => send(windows))
        sealed.push(...windows.close('h/1/0', 'thread_crash'))
        expect(sealed.flatMap(window => brokenLaws(window.counts))).toEqual([])
      }),
    )
  })

  test('fold to the same in the ledger when they are delivered twice, or those of different threads in another order', () => {
    fc.assert(
      fc.property(split, fc.infiniteStream(fc.boolean()), ({ exchanges, turns }, again) => {
        const sealed = run(
          [0, 1, 2].map(thread => messagesOf(thread, exchanges)),
          turns,
        )
        const byThread = sealed.toSorted((a, b) => (a.origin < b.origin ? 1 : a.origin > b.origin ? -1 : 0))
        const ledgers = [sealed, byThread].map(windows => {
          const ledger = new Ledger()
          for (const window of windows) {
            expect(ledger.add(window)).toBe(true)
            if (again.next().value === true) expect(ledger.add(window)).toBe(false)
          }
          return EXPERIMENTS.map(experiment => ledger.counts(experiment))
        })
        expect(ledgers[0]).toEqual(ledgers[1])
      }),
    )
  })
})
