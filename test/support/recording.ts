import { Analysis } from '../../src/analysis/analysis.ts'
import { startClock } from '../../src/clock.ts'
import type { Snapshot } from '../../src/config/snapshot.ts'
import type { Look } from '../../src/judge/experiment-judge.ts'
import { Judge } from '../../src/judge/judge.ts'
import { Replay } from '../../src/replay/replay.ts'
import type { Sink, SinkRecord, SinkStats } from '../../src/sinks/sink.ts'
import type { PairFrame } from '../../src/wire/pair-frame.ts'
import { packed } from './pairs.ts'
import { countsOf } from './windows.ts'

const NO_LOG = (): void => undefined

/** Takes everything at once. */
class LineSink implements Sink {
  readonly name = 'lines'
  readonly lines: string[] = []

  offer(record: SinkRecord): boolean {
    this.lines.push(record.value)
    return true
  }

  stats(): SinkStats {
    const taken = this.lines.length
    return { up: true, accepted: taken, delivered: taken, dropped: {}, pending: 0 }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** The real analysis thread's work and a live judge on the same traffic: what is recorded, and what was judged from it. */
export class Recording {
  readonly lines: string[]
  readonly #snapshot: Snapshot
  readonly #analysis: Analysis
  readonly #judge = new Judge()
  readonly #origins = new Set<string>()
  #ids = 0

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
    const sink = new LineSink()
    this.lines = sink.lines
    this.#analysis = new Analysis({ snapshot, clock: startClock(), log: NO_LOG, open: () => [sink] })
    this.#judge.apply(snapshot.experiments)
  }

  /** Pairs of this second on this thread, with ids of their own; `dropped` more copies were never sent. */
  pairs(origin: string, second: number, frames: readonly PairFrame[], dropped = 0): void {
    if (!this.#origins.has(origin)) this.#analysis.attach(origin)
    this.#origins.add(origin)
    const named = frames.map(frame => ({ ...frame, arrivedAtUs: second * 1e6, id: this.#nextId(origin) }))
    const { buffer, used, count } = packed(named)
    this.#analysis.frames(origin, buffer, used, count)
    const n = frames.length
    const counts = countsOf({
      eligible: n + dropped,
      sampled: n + dropped,
      sent: n,
      pairs: n,
      dropped: { memory: dropped },
    })
    const tallies = [{ revision: 1, experiment: 0, second, counts, arms: [] }]
    this.#analysis.tally(origin, { kind: 'tally', tallies, settledBefore: 0, oldestRevision: 1 })
  }

  /** The thread has settled all seconds up to this one. */
  settle(origin: string, second: number): void {
    this.#analysis.tally(origin, { kind: 'tally', tallies: [], settledBefore: second + 1, oldestRevision: 1 })
    for (const window of this.#analysis.report().windows) this.#judge.add(window)
  }

  /** What the live judge says of the experiment in the end; nothing can be recorded any more. */
  look(experiment: string): Look | null {
    this.#judge.finish()
    // Histograms of ended experiments are given back: there is memory for those of a few hundred recordings only.
    this.#analysis.apply({ ...this.#snapshot, revision: 2, experiments: [] })
    for (const origin of this.#origins) {
      this.#analysis.tally(origin, { kind: 'tally', tallies: [], settledBefore: 0, oldestRevision: 2 })
    }
    return this.#judge.look(experiment)
  }

  #nextId(origin: string): string {
    return `${origin.replaceAll('/', '-')}-${(this.#ids++).toString(36)}`
  }
}

/** The records replayed by the experiments of a snapshot. */
export function replayed(lines: Iterable<string>, snapshot: Snapshot, wanted: string | null = null) {
  const replay = new Replay({ plans: snapshot.experiments, wanted, log: NO_LOG })
  for (const line of lines) replay.take(line)
  const { experiment, leftovers } = replay.choose()
  return { ...experiment.judge(), leftovers, plan: experiment.plan }
}
