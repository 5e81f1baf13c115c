import { setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker, type Transferable } from 'node:worker_threads'
import type { ClockAnchor } from '../clock.ts'
import type { Snapshot } from '../config/snapshot.ts'
import type {
  AnalysisData,
  AnalysisToControl,
  ControlToAnalysis,
  ControlToDataPlane,
  DataPlaneData,
  DataPlaneToControl,
} from '../wire/messages.ts'
import type { SpendingMemory } from '../wire/spending.ts'

/**
 * Of a worker: three semi-spaces of 8 MiB. Half of it costs 4 % more CPU for a mirrored request, twice as much 6 % (medians
 * of seven interleaved rounds, which spread by 10 %), and with 1 MiB bodies 30 MiB of memory, because so much more of them
 * waits for the next collection.
 */
const YOUNG_GENERATION_MB = 24
/**
 * It stays that large. V8 shrinks it to a fifth while a proxy is idle, and does not let it grow again where next to nothing
 * survives a collection: after a quiet minute there were 26 collections a second at 5 500 requests/s instead of 6, enough of
 * them to be the p99 (0.67 to 0.76 ms against 0.43 to 0.59). Read when a thread's heap is made.
 */
setFlagsFromString(`--min-semi-space-size=${YOUNG_GENERATION_MB / 3}`)
/**
 * What a thread makes, it makes among the young. V8 watches what survives of each line of code that makes objects, and makes
 * it among the old when nearly all does. That is so as long as Node's streams are not compiled: until then V8 puts a closure
 * of each of them (`onwrite`) among the old, where it keeps the whole connection until the next full collection. From then
 * on all of a connection is made there, for good: of clients that open one for each request every young collection took
 * 1.5 to 2.7 ms instead of 0.3 to 0.5, and the p99 was 2.7 to 8.0 ms instead of 0.8 to 2.0 (4 600 connections/s).
 */
setFlagsFromString('--no-allocation-site-pretenuring')
/**
 * What is old is marked by threads of V8. Left alone, V8 has this thread help them with a task that puts itself behind itself
 * until they have finished: a hundred of them one after the other, 8 to 22 ms within 45 (eight full collections under slow
 * clients). Without such tasks it helps while it makes things: 0.2 to 0.3 ms (three), and the pause at the end is as long.
 */
setFlagsFromString('--no-incremental-marking-task')

/** Sources run as they are in development and compiled in the image; the thread's file has the same ending as this one. */
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** The thread that compares pairs. `gone` hears of its end: with what went wrong, or with null. */
export class AnalysisThread {
  readonly #worker: Worker

  constructor(data: AnalysisData, hear: (message: AnalysisToControl) => void, gone: (error: Error | null) => void) {
    this.#worker = startWorker(new URL(`../analysis/worker.${ENDING}`, import.meta.url), data, [], gone)
    this.#worker.on('message', hear)
  }

  send(message: ControlToAnalysis, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

/**
 * One of the threads that serve clients, with a channel of its own to the analysis. `origin` names it in all it counts; the
 * thread that takes its place has another one.
 */
export class DataPlaneThread {
  readonly thread: number
  readonly origin: string
  readonly #worker: Worker

  constructor(
    thread: number,
    origin: string,
    start: {
      snapshot: Snapshot
      spending: SpendingMemory
      clock: ClockAnchor
      reusePort: boolean
      analysis: AnalysisThread
    },
    hear: (message: DataPlaneToControl) => void,
    gone: (error: Error | null) => void,
  ) {
    this.thread = thread
    this.origin = origin
    const port = attach(origin, start.analysis)
    const data: DataPlaneData = {
      thread,
      origin,
      clock: start.clock,
      snapshot: start.snapshot,
      spending: start.spending,
      reusePort: start.reusePort,
      analysis: port,
    }
    this.#worker = startWorker(new URL(`../dataplane/worker.${ENDING}`, import.meta.url), data, [port], gone)
    this.#worker.on('message', hear)
  }

  send(message: ControlToDataPlane): void {
    this.#worker.postMessage(message)
  }

  /** A new analysis thread took over: pairs go there from now on. */
  reattach(analysis: AnalysisThread): void {
    const port = attach(this.origin, analysis)
    const message: ControlToDataPlane = { kind: 'analysis', port }
    this.#worker.postMessage(message, [port])
  }
}

/** Gives the analysis thread one end of a new channel and returns the other. */
function attach(origin: string, analysis: AnalysisThread) {
  const { port1, port2 } = new MessageChannel()
  analysis.send({ kind: 'attach', origin, port: port1 }, [port1])
  return port2
}

function startWorker(
  url: URL,
  workerData: unknown,
  transferList: readonly Transferable[],
  gone: (error: Error | null) => void,
): Worker {
  const worker = new Worker(url, {
    workerData,
    transferList: [...transferList],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  })
  let failure: Error | null = null
  worker.on('error', (error: Error) => {
    failure = error
  })
  worker.on('exit', code => gone(failure ?? (code === 0 ? null : new Error(`the thread ended with code ${code}`))))
  return worker
}
