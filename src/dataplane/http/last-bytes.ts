import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { DataPlane } from '../data-plane.ts'
import type { WheelEntry } from '../deadline-wheel.ts'

/**
 * Cuts a client that does not read the end of its answer. Up to there the leg's deadlines hold, and behind it the
 * keep-alive time; in between is what the socket still holds when the answer is whole for everyone but the client.
 */
export function watchLastBytes(plane: DataPlane, socket: Socket, response: ServerResponse): void {
  const lastBytes = new LastBytes(plane, socket)
  response.on('prefinish', () => plane.wheel.arm(lastBytes, plane.limits.idleMs))
  response.on('close', () => plane.wheel.disarm(lastBytes))
}

class LastBytes implements WheelEntry {
  wheelNext: WheelEntry | null = null
  wheelPrevious: WheelEntry | null = null
  wheelDueMs = Number.NaN
  readonly #plane: DataPlane
  readonly #socket: Socket

  constructor(plane: DataPlane, socket: Socket) {
    this.#plane = plane
    this.#socket = socket
  }

  /** The exchange is settled, so this is counted beside it. */
  onDeadline(): void {
    const { counters, log, limits } = this.#plane
    counters.error('-', 'client', 'CLIENT_GONE')
    log.write('debug', '-/CLIENT_GONE', 'answer not read', {
      code: 'CLIENT_GONE',
      route: '-',
      detail: `the client did not read the end of its answer within ${limits.idleMs} ms (limits.idle)`,
    })
    // A reset, or the kernel would keep the bytes for minutes; TLS has none.
    if (this.#socket instanceof TLSSocket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }
}
