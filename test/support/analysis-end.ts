import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { DataPlaneToAnalysis } from '../../src/wire/messages.ts'
import { decodePairFrame, type PairFrame } from '../../src/wire/pair-frame.ts'

/** The analysis thread's end of a real channel, in the test's hand: it hears, and gives buffers back when told to. */
export class AnalysisEnd {
  /** For the data plane. */
  readonly port: MessagePort
  readonly heard: DataPlaneToAnalysis[] = []
  readonly #own: MessagePort
  readonly #waiting: (() => void)[] = []

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    this.#own = port2
    this.#own.on('message', (message: DataPlaneToAnalysis) => {
      this.heard.push(message)
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  /** The first `count` messages, as soon as they are here. */
  async messages(count: number): Promise<readonly DataPlaneToAnalysis[]> {
    while (this.heard.length < count) await new Promise<void>(resolve => this.#waiting.push(resolve))
    return this.heard.slice(0, count)
  }

  /** Sends a buffer back, and resolves when the other end has heard of it. */
  async giveBack(message: DataPlaneToAnalysis | undefined): Promise<void> {
    if (message?.kind !== 'frames') throw new Error(`expected frames, got ${message?.kind ?? 'nothing'}`)
    this.#own.postMessage({ kind: 'return', id: message.id })
    await settled()
  }

  close(): void {
    this.#own.close()
  }
}

/** Messages under way between ports of one thread have arrived after two turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** The frames of a message; empty for a tally. */
export function framesOf(message: DataPlaneToAnalysis | undefined): PairFrame[] {
  if (message?.kind !== 'frames') return []
  const source = Buffer.from(message.buffer, 0, message.used)
  const frames: PairFrame[] = []
  for (let at = 0; at < source.length; ) {
    const { frame, next } = decodePairFrame(source, at)
    frames.push(frame)
    at = next
  }
  return frames
}

/** @throws Error when the message is not of frames. */
export function bufferOf(message: DataPlaneToAnalysis | undefined): SharedArrayBuffer {
  if (message?.kind !== 'frames') throw new Error(`expected frames, got ${message?.kind ?? 'nothing'}`)
  return message.buffer
}
