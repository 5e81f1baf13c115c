import type { MessagePort } from 'node:worker_threads'
import type { AnalysisToDataPlane, DataPlaneToAnalysis, Tally } from '../wire/messages.ts'
import { encodePairFrame, pairFrameBytes, type FrameLeg, type PairFrame } from '../wire/pair-frame.ts'

/**
 * One message for some 200 small pairs. The memory is shared, not transferred: each transfer of 256 KiB took a tenth of a
 * millisecond on this thread, 0.8 us a pair, most of it V8's accounting of memory that comes and goes.
 */
const BUFFER_BYTES = 256 * 1024
/** What may be on its way to, or waiting in, the analysis thread before bodies are let go. */
const OUTSTANDING_BYTES_LIMIT = 64 * 1024 * 1024
/** Room above the limit for frames without bodies: some 30 000 pairs keep at least their numbers. */
const BODILESS_BYTES_LIMIT = OUTSTANDING_BYTES_LIMIT + 8 * 1024 * 1024
const FREE_BUFFERS_KEPT = 8

const NO_BODY = Buffer.alloc(0)

/**
 * Packs settled pairs into buffers of shared memory and hands them to the analysis thread, bounded in bytes. The analysis
 * thread gives each one back, which is both the credit and the reuse.
 */
export class Outbox {
  #port: MessagePort
  readonly #free: Buffer[] = []
  /** By id, until they are given back. */
  readonly #outstanding = new Map<number, Buffer>()
  #ids = 0
  #buffer: Buffer | null = null
  #used = 0
  #count = 0
  #outstandingBytes = 0

  constructor(port: MessagePort) {
    this.#port = this.#listenTo(port)
  }

  /** The other end was replaced: what was on its way there is lost, and so is its memory. */
  reconnect(port: MessagePort): void {
    this.#port.close()
    this.#outstanding.clear()
    this.#outstandingBytes = 0
    this.#port = this.#listenTo(port)
  }

  /** false: even without its bodies there is no room; the caller counts the pair itself. */
  offer(frame: PairFrame): boolean {
    let size = pairFrameBytes(frame)
    if (this.#outstandingBytes + size > OUTSTANDING_BYTES_LIMIT) {
      letGo(frame)
      size = pairFrameBytes(frame)
      if (this.#outstandingBytes + size > BODILESS_BYTES_LIMIT) return false
    }
    if (this.#buffer !== null && this.#used + size > this.#buffer.length) this.flush()
    this.#buffer ??= this.#take(size)
    this.#used = encodePairFrame(frame, this.#buffer, this.#used)
    this.#count++
    return true
  }

  flush(): void {
    if (this.#buffer === null) return
    const id = this.#ids++
    this.#outstanding.set(id, this.#buffer)
    this.#outstandingBytes += this.#buffer.length
    const buffer = this.#buffer.buffer as unknown as SharedArrayBuffer
    this.#post({ kind: 'frames', id, buffer, used: this.#used, count: this.#count })
    this.#buffer = null
    this.#used = 0
    this.#count = 0
  }

  /** Frames first: a tally says that everything of its seconds has been handed over. */
  tally(tallies: readonly Tally[], settledBefore: number, oldestRevision: number): void {
    this.flush()
    this.#post({ kind: 'tally', tallies, settledBefore, oldestRevision })
  }

  close(): void {
    this.flush()
    this.#port.close()
  }

  #listenTo(port: MessagePort): MessagePort {
    port.on('message', (message: AnalysisToDataPlane) => {
      // What still comes back from a replaced thread was written off with it.
      if (port === this.#port) this.#returned(message.id)
    })
    return port
  }

  #take(size: number): Buffer {
    if (size > BUFFER_BYTES) return sharedBuffer(size)
    return this.#free.pop() ?? sharedBuffer(BUFFER_BYTES)
  }

  #returned(id: number): void {
    const buffer = this.#outstanding.get(id)
    if (buffer === undefined) return
    this.#outstanding.delete(id)
    this.#outstandingBytes -= buffer.length
    if (buffer.length === BUFFER_BYTES && this.#free.length < FREE_BUFFERS_KEPT) this.#free.push(buffer)
  }

  #post(message: DataPlaneToAnalysis): void {
    this.#port.postMessage(message)
  }
}

function sharedBuffer(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes))
}

function letGo(frame: PairFrame): void {
  frame.requestBody = NO_BODY
  frame.sameAnswer = false
  letGoLeg(frame.primary)
  letGoLeg(frame.shadow)
}

function letGoLeg(leg: FrameLeg): void {
  leg.body = NO_BODY
  leg.arrivals = null
  leg.capture = 'let_go'
}
