import type { Socket } from 'node:net'
import { handleOf } from './socket-handle.ts'

/**
 * Whether a client reads what was written for it. `writableLength` counts whole writes, of which one may be a megabyte: a client
 * that reads slowly would look like one that does not read. What the kernel has not taken of the write under way Node knows
 * for its own timeouts; of one that does not, only whole writes count.
 */
export class ReaderWatch {
  readonly #socket: Socket
  /** Bytes of writes that are not over. */
  #written = 0
  /** Bytes of the write under way that are not with the kernel. */
  #underWay = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.hasRead()
  }

  /** Something has gone since it was last asked. */
  hasRead(): boolean {
    const written = this.#socket.writableLength
    const underWay = handleOf(this.#socket)?.writeQueueSize ?? 0
    const isLess = written !== this.#written || underWay !== this.#underWay
    this.#written = written
    this.#underWay = underWay
    return isLess
  }
}
