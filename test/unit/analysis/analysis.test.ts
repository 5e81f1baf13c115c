import { describe, expect, test } from 'vitest'
import { Analysis } from '../../../src/analysis/analysis.ts'
import { startClock } from '../../../src/clock.ts'
import type { SinksPlan, Snapshot } from '../../../src/config/snapshot.ts'
import type { Sink, SinkRecord, SinkStats } from '../../../src/sinks/sink.ts'
import type { Tally, TallyMessage } from '../../../src/wire/messages.ts'
import type { WindowCounts } from '../../../src/wire/window.ts'
import { oipAnswer, labels } from '../../support/oip.ts'
import { experimentPlan, leg, packed, pairFrame, snapshotOf } from '../../support/pairs.ts'
import { brokenLaws, countsOf } from '../../support/windows.ts'

const SECOND = 1_700_000_000
const FIVE = leg(oipAnswer([labels('y', [5])]))
const SIX = leg(oipAnswer([labels('y', [6])]))
const AGREEING = pairFrame(FIVE, FIVE)
const DISAGREEING = pairFrame(FIVE, SIX, { requestBody: Buffer.from('{"inputs":["secret"]}') })

/** A sink that has delivered what it was offered, and remembers it. */
class MemorySink implements Sink {
  readonly name = 'memory'
  readonly records: SinkRecord[] = []
  closed = false

  offer(record: SinkRecord): boolean {
    this.records.push(record)
    return true
  }

  stats(): SinkStats {
    return { up: !this.closed, accepted: this.records.length, delivered: this.records.length, dropped: {}, pending: 0 }
  }

  async close(): Promise<void> {
    this.closed = true
  }

  values(stream: SinkRecord['stream']): Record<string, unknown>[] {
    return this.records.filter(record => record.stream === stream).map(record => JSON.parse(record.value))
  }
}

function start(snapshot: Snapshot = snapshotOf([experimentPlan()])) {
  const opened: MemorySink[] = []
  const lines: string[] = []
  const analysis = new Analysis({
    snapshot,
    clock: startClock(),
    log: (_level, message) => lines.push(message),
    open: () => {
      const sink = new MemorySink()
      opened.push(sink)
      return [sink]
    },
  })
  analysis.attach('t')
  const frames = (...all: Parameters<typeof packed>[0]) => {
    const { buffer, used, count } = packed(all)
    analysis.frames('t', buffer, used, count)
  }
  return { analysis, opened, lines, frames }
}

function tally(
  counts: WindowCounts | null,
  changes: Partial<Omit<TallyMessage, 'tallies'> & Tally> = {},
): TallyMessage {
  const {
    arms = [],
    revision = 1,
    experiment = 0,
    second = SECOND,
    settledBefore = SECOND + 1,
    oldestRevision = 1,
  } = changes
  const tallies = counts === null ? [] : [{ revision, experiment, second, counts, arms }]
  return { kind: 'tally', tallies, settledBefore, oldestRevision }
}

const sent = (n: number) => countsOf({ eligible: n, sampled: n, sent: n, pairs: n })

describe('Analysis', () => {
  test('turns frames and tallies into a window that keeps the laws, records, and a report', () => {
    const { analysis, opened, frames } = start()
    frames(AGREEING, DISAGREEING, AGREEING)
    expect(analysis.report().windows).toEqual([])
    analysis.tally('t', tally(sent(3)))
    const report = analysis.report()
    expect(report.windows).toHaveLength(1)
    const window = report.windows[0]
    expect(window).toMatchObject({ origin: 't', second: SECOND, experiment: 'digits.v2.00000000' })
    expect(window?.counts).toMatchObject({ pairs: 3, outcomes: { agree: 2, disagree: 1 } })
    expect(brokenLaws(window?.counts ?? sent(1))).toEqual([])
    expect(report.experiments).toMatchObject([
      { experiment: 'digits.v2.00000000', outcomes: { agree: 2, disagree: 1 } },
    ])
    expect(report.framesLost).toBe(0)
    expect(report.sinks).toEqual([{ sink: 'memory', up: true, accepted: 4, delivered: 4, dropped: {}, pending: 0 }])
    expect(opened[0]?.values('windows')).toEqual([JSON.parse(JSON.stringify(window))])
    expect(analysis.report()).toMatchObject({
      windows: [],
      disagreements: [],
      experiments: [{ outcomes: { agree: 2 } }],
    })
  })

  test('says of each window when it was sealed, never twice the same', () => {
    const { analysis } = start()
    const tallies = [0, 1, 2].flatMap(i => tally(sent(1), { second: SECOND + i }).tallies)
    analysis.tally('t', { kind: 'tally', tallies, settledBefore: SECOND + 3, oldestRevision: 1 })
    const sealed = analysis.report().windows.map(window => window.sealedAtUs ?? 0)
    expect(sealed.map(us => us > Date.now() * 1e3 - 60e6)).toEqual([true, true, true])
    expect(sealed.every((us, i) => i === 0 || us > (sealed[i - 1] ?? us))).toBe(true)
  })

  test('shows disagreements as they are recorded, a few for each report', () => {
    const { analysis, opened, frames } = start()
    frames(...Array.from({ length: 50 }, () => DISAGREEING))
    const { disagreements, experiments } = analysis.report()
    expect(disagreements).toHaveLength(20)
    expect(experiments[0]?.confusions).toMatchObject([{ primary: '5', shadow: '6', count: 50 }])
    const recorded = opened[0]?.values('pairs') ?? []
    expect(recorded).toHaveLength(50)
    expect(disagreements[0]).toEqual({ experiment: 'digits.v2.00000000', record: recorded[0] })
    expect(recorded[0]).toMatchObject({
      comparison: { result: 'disagree', differences: [{ path: '$.outputs[0].data[0]', primary: 5, shadow: 6 }] },
      bodies: { request: { inputs: ['secret'] } },
    })
  })

  test('record: off leaves no pair record and no disagreement, but windows', () => {
    const { analysis, opened, frames } = start(snapshotOf([experimentPlan()], { record: null }))
    frames(DISAGREEING)
    analysis.tally('t', tally(sent(1)))
    expect(analysis.report()).toMatchObject({
      windows: [{ counts: { outcomes: { disagree: 1 } } }],
      experiments: [{ confusions: [], otherConfusions: 0 }],
      disagreements: [],
    })
    expect(opened[0]?.records.map(record => record.stream)).toEqual(['windows'])
  })

  test('counts changes of class and adds up what was measured', () => {
    const { analysis, frames } = start()
    frames(AGREEING, DISAGREEING, DISAGREEING)
    expect(analysis.report()).toMatchObject({
      experiments: [
        {
          confusions: [{ primary: '5', shadow: '6', count: 2 }],
          otherConfusions: 0,
          metrics: { flips: { count: 2, sum: 2 } },
        },
      ],
    })
  })

  test('shows no label that is redacted, and none at all with record: off', () => {
    const record = { bodies: 'never', maxBodyBytes: 0, redactPaths: [['outputs']], redactHeaders: [] } as const
    const redacting = start(snapshotOf([experimentPlan()], { record }))
    redacting.frames(DISAGREEING)
    expect(redacting.analysis.report()).toMatchObject({
      experiments: [{ confusions: [{ primary: '[redacted]', shadow: '[redacted]', count: 1 }] }],
    })
    const off = start(snapshotOf([experimentPlan()], { record: null }))
    off.frames(DISAGREEING)
    expect(off.analysis.report()).toMatchObject({ experiments: [{ confusions: [], otherConfusions: 0 }] })
  })

  test('counts outcomes of pairs whose frame was not handed over', () => {
    const { analysis } = start()
    const counts = sent(2)
    counts.outcomes.incomparable = counts.incomparable.not_captured = 2
    analysis.tally('t', tally(counts))
    expect(analysis.report()).toMatchObject({ experiments: [{ outcomes: { incomparable: 2 } }] })
  })

  test('reports an experiment without traffic, with zeroes', () => {
    const { analysis } = start()
    expect(analysis.report().experiments).toMatchObject([
      {
        outcomes: { agree: 0, disagree: 0 },
        latency: { primary: { all: null } },
        topFields: [],
        confusions: [],
        metrics: {},
      },
    ])
  })

  test('keeps nothing of the buffer: the data plane writes into it again', () => {
    const { analysis, opened } = start()
    const { buffer, used, count } = packed([DISAGREEING])
    analysis.frames('t', buffer, used, count)
    new Uint8Array(buffer).fill(0)
    const [record] = opened[0]?.values('pairs') ?? []
    expect(record).toMatchObject({ comparison: { result: 'disagree' }, bodies: { request: { inputs: ['secret'] } } })
    expect(JSON.stringify(analysis.report().disagreements)).not.toContain('\\u0000')
  })

  test('bytes that are not frames are counted and logged, and the window accounts for them', () => {
    const { analysis, lines } = start()
    const { buffer, used } = packed([AGREEING])
    analysis.frames('t', buffer, used, 3)
    analysis.tally('t', tally(sent(3)))
    const report = analysis.report()
    expect(report.framesLost).toBe(2)
    expect(lines).toHaveLength(1)
    expect(report.windows[0]?.counts).toMatchObject({ pairs: 3, outcomes: { agree: 1, incomparable: 2 } })
    expect(report.experiments[0]?.outcomes.incomparable).toBe(2)
  })

  test('a pair of an unknown revision or experiment, or of a sealed second, is lost and said to be', () => {
    const { analysis, lines, frames } = start()
    analysis.tally('t', tally(sent(1)))
    frames(pairFrame(FIVE, FIVE, { revision: 9 }), pairFrame(FIVE, FIVE, { experiment: 9 }), AGREEING)
    expect(analysis.report().framesLost).toBe(3)
    expect(lines).toHaveLength(3)
  })

  test('keeps an older configuration until every thread has left it', () => {
    const { analysis, frames } = start()
    analysis.attach('u')
    analysis.apply(snapshotOf([experimentPlan({ id: 'digits.v3.11111111' })], { revision: 2 }))
    analysis.tally('t', tally(null, { oldestRevision: 2, settledBefore: SECOND }))
    frames(AGREEING)
    expect(analysis.report().framesLost).toBe(0)
    analysis.tally('u', tally(null, { oldestRevision: 2, settledBefore: SECOND }))
    frames(AGREEING, pairFrame(FIVE, FIVE, { revision: 2 }))
    expect(analysis.report()).toMatchObject({
      framesLost: 1,
      experiments: [
        { experiment: 'digits.v2.00000000', outcomes: { agree: 1 }, latency: { primary: { all: { count: 1 } } } },
        { experiment: 'digits.v3.11111111', outcomes: { agree: 1 } },
      ],
    })
  })

  test('keeps the oldest configuration that a thread still names, newer ones or not', () => {
    const { analysis, frames } = start()
    for (const revision of [2, 3]) analysis.apply(snapshotOf([experimentPlan()], { revision }))
    analysis.tally('t', tally(null, { oldestRevision: 2, settledBefore: SECOND }))
    frames(AGREEING, pairFrame(FIVE, FIVE, { revision: 2 }), pairFrame(FIVE, FIVE, { revision: 3 }))
    expect(analysis.report()).toMatchObject({ framesLost: 1, experiments: [{ outcomes: { agree: 2 } }] })
  })

  test('a thread that crashed leaves sealed windows that keep the laws', () => {
    const { analysis, frames } = start()
    frames(AGREEING)
    analysis.tally('t', tally(countsOf({ eligible: 5, sampled: 5, sent: 5, pairs: 1 }), { settledBefore: SECOND }))
    analysis.detach('t', 'thread_crash')
    const { windows } = analysis.report()
    expect(windows).toMatchObject([{ counts: { sent: 5, pairs: 1, unpaired: { thread_crash: 4 } } }])
    expect(windows.flatMap(window => brokenLaws(window.counts))).toEqual([])
  })

  test('finish closes the windows of all threads', () => {
    const { analysis, frames } = start()
    frames(AGREEING)
    analysis.finish()
    expect(analysis.report().windows).toMatchObject([{ counts: { pairs: 1, outcomes: { agree: 1 } } }])
  })

  test('opens new sinks when their plan has changed, and adds up what both delivered', async () => {
    const { analysis, opened, frames } = start()
    const sinks: SinksPlan = { file: { path: 'pairs.ndjson', rotateBytes: 1000, keep: 1 }, kafka: null }
    frames(AGREEING)
    analysis.apply(snapshotOf([experimentPlan()], { revision: 2 }))
    expect(opened).toHaveLength(1)
    analysis.apply(snapshotOf([experimentPlan()], { revision: 3, sinks }))
    frames(AGREEING, AGREEING)
    expect(opened.map(sink => [sink.records.length, sink.closed])).toEqual([
      [1, true],
      [2, false],
    ])
    expect(analysis.report().sinks).toMatchObject([{ sink: 'memory', up: true, accepted: 3 }])
    await analysis.closeSinks(1000)
    expect(analysis.report().sinks).toMatchObject([{ sink: 'memory', up: false, accepted: 3, delivered: 3 }])
  })

  test('sinks that cannot be opened leave the earlier ones in place', () => {
    let attempts = 0
    const sink = new MemorySink()
    const lines: string[] = []
    const analysis = new Analysis({
      snapshot: snapshotOf([experimentPlan()]),
      clock: startClock(),
      log: (_level, message) => lines.push(message),
      open: () => {
        if (attempts++ > 0) throw new Error('EACCES')
        return [sink]
      },
    })
    analysis.apply(
      snapshotOf([experimentPlan()], {
        revision: 2,
        sinks: { file: { path: '/x', rotateBytes: 1, keep: 1 }, kafka: null },
      }),
    )
    expect(lines).toHaveLength(1)
    expect(sink.closed).toBe(false)
    expect(analysis.report().sinks).toMatchObject([{ sink: 'memory', up: true }])
  })
})
