import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anchorClock } from '../../../src/clock.ts'
import type { Snapshot } from '../../../src/config/snapshot.ts'
import type {
  AnalysisData,
  AnalysisReport,
  AnalysisToControl,
  AnalysisToDataPlane,
  ControlToAnalysis,
  DataPlaneToAnalysis,
} from '../../../src/wire/messages.ts'
import { addCounts, emptyCounts } from '../../../src/wire/window.ts'
import { labels, oipAnswer } from '../../support/oip.ts'
import { experimentPlan, leg, packed, pairFrame, snapshotOf } from '../../support/pairs.ts'
import { brokenLaws, countsOf } from '../../support/windows.ts'

const SECOND = 1_700_000_000
const FIVE = leg(oipAnswer([labels('y', [5])]))
const SIX = leg(oipAnswer([labels('y', [6])]))

let directory: string
let file: string
let thread: Thread

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'understudy-analysis-'))
  file = join(directory, 'pairs.ndjson')
  thread = new Thread(snapshot(1))
})

afterEach(async () => {
  await thread.terminate()
  rmSync(directory, { recursive: true })
})

function snapshot(revision: number, path = file): Snapshot {
  return snapshotOf([experimentPlan()], {
    revision,
    sinks: { file: { path, rotateBytes: 100e6, keep: 1 }, kafka: null },
  })
}

/** The real thread, and this side of its messages. */
class Thread {
  readonly messages: AnalysisToControl[] = []
  readonly exited: Promise<number>
  readonly #worker: Worker
  #heard: () => void = () => {}

  constructor(snapshot: Snapshot) {
    const workerData: AnalysisData = { clock: anchorClock(), snapshot, firstSeconds: {} }
    this.#worker = new Worker(new URL('../../../src/analysis/worker.ts', import.meta.url), { workerData })
    this.#worker.on('message', (message: AnalysisToControl) => {
      this.messages.push(message)
      this.#heard()
    })
    this.exited = new Promise(resolve => this.#worker.once('exit', resolve))
  }

  send(message: ControlToAnalysis, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  attach(origin: string): DataPlane {
    const { port1, port2 } = new MessageChannel()
    this.send({ kind: 'attach', origin, port: port1 }, [port1])
    return new DataPlane(port2)
  }

  /** Resolves when the condition holds; looks again after every message. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => (this.#heard = resolve))
  }

  has(kind: AnalysisToControl['kind']): boolean {
    return this.messages.some(message => message.kind === kind)
  }

  reports(): AnalysisReport[] {
    return this.messages.flatMap(message => (message.kind === 'report' ? [message.report] : []))
  }

  counts() {
    const total = emptyCounts()
    for (const window of this.reports().flatMap(report => report.windows)) addCounts(total, window.counts)
    return total
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** What a data-plane thread has of the analysis thread: a port. */
class DataPlane {
  readonly returned: number[] = []
  #sent = 0
  readonly port: MessagePort

  constructor(port: MessagePort) {
    this.port = port
    port.on('message', (message: AnalysisToDataPlane) => this.returned.push(message.id))
  }

  /** @returns the id of the buffer. */
  pairs(count: number, shadow = FIVE, revision = 1): number {
    const { buffer, used } = packed(
      Array.from({ length: count }, (_, i) => pairFrame(FIVE, shadow, { id: `x${i}`, revision })),
    )
    const id = this.#sent++
    this.#send({ kind: 'frames', id, buffer, used, count })
    return id
  }

  tally(sent: number, pairs: number, settledBefore = SECOND + 1, revision = 1): void {
    const counts = countsOf({ eligible: sent, sampled: sent, sent, pairs })
    this.#send({
      kind: 'tally',
      tallies: [{ revision, experiment: 0, second: SECOND, counts, arms: [] }],
      settledBefore,
      oldestRevision: revision,
    })
  }

  #send(message: DataPlaneToAnalysis): void {
    this.port.postMessage(message)
  }
}

describe('the analysis thread', () => {
  test('reports once a second, and gives every buffer back', async () => {
    const plane = thread.attach('h/1/0')
    const ids = [plane.pairs(100), plane.pairs(10, SIX)]
    plane.tally(110, 110)
    await thread.until(() => thread.counts().pairs === 110)
    expect(thread.counts().outcomes).toMatchObject({ agree: 100, disagree: 10 })
    expect(thread.reports().at(-1)?.framesLost).toBe(0)
    expect(plane.returned).toEqual(ids)
    expect(thread.reports().flatMap(report => report.disagreements)).toHaveLength(10)
  })

  test('drains: takes what is queued, reports it, flushes the sinks, says so and ends', async () => {
    const planes = [thread.attach('h/1/0'), thread.attach('h/1/1')]
    for (const plane of planes) {
      for (let i = 0; i < 20; i++) plane.pairs(50)
      plane.tally(1000, 1000)
      plane.port.close()
    }
    thread.send({ kind: 'drain', deadlineMs: 5000 })
    await thread.until(() => thread.has('drained'))
    expect(await thread.exited).toBe(0)
    expect(thread.messages.at(-1)).toEqual({ kind: 'drained' })
    expect(thread.counts()).toMatchObject({ pairs: 2000, outcomes: { agree: 2000 } })
    const last = thread.reports().at(-1)
    expect(last?.sinks).toMatchObject([{ sink: 'file', accepted: 2002, delivered: 2002, pending: 0 }])
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { schema: string })
    expect(lines.filter(line => line.schema === 'understudy.pair/1')).toHaveLength(2000)
    expect(lines.filter(line => line.schema === 'understudy.window/1')).toHaveLength(2)
  })

  test('closes the windows of a thread that crashed, with the frames it had sent before', async () => {
    const plane = thread.attach('h/1/0')
    plane.pairs(10)
    plane.tally(15, 10, SECOND)
    plane.port.close()
    thread.send({ kind: 'detach', origin: 'h/1/0', crashed: true })
    await thread.until(() => thread.counts().sent > 0)
    expect(thread.counts()).toMatchObject({
      sent: 15,
      pairs: 10,
      unpaired: { thread_crash: 5 },
      outcomes: { agree: 10 },
    })
    expect(brokenLaws(thread.counts())).toEqual([])
  })

  test('applies a new configuration and moves to its sinks', async () => {
    const plane = thread.attach('h/1/0')
    plane.pairs(1)
    await thread.until(() => thread.reports().some(report => report.experiments[0]?.outcomes.agree === 1))
    const next = join(directory, 'next.ndjson')
    thread.send({ kind: 'snapshot', snapshot: snapshot(2, next) })
    await thread.until(() => thread.has('applied'))
    plane.pairs(3, FIVE, 2)
    plane.tally(4, 4, SECOND + 1, 2)
    plane.port.close()
    thread.send({ kind: 'drain', deadlineMs: 5000 })
    await thread.until(() => thread.has('drained'))
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1)
    expect(readFileSync(next, 'utf8').trimEnd().split('\n')).toHaveLength(4)
    expect(thread.reports().at(-1)?.sinks).toMatchObject([{ accepted: 5, delivered: 5 }])
  })
})
