import { connect, type Socket } from 'node:net'
import { MessageReader } from '../../loadtest/http1-reader.ts'

export interface ClientTotals {
  /** By status; 0: the connection ended without a whole answer. */
  readonly statuses: Map<number, number>
  /** Requests the client itself walked away from. */
  abandoned: number
}

export interface SoakClientOptions {
  readonly port: number
  readonly request: Buffer
  readonly lanes: number
  readonly requests: number
  /** Milliseconds between an answer and the next request of its connection. */
  readonly thinkMs: number
  /** Share of the requests after which the client closes its connection without waiting. */
  readonly abandon: number
  readonly random: () => number
  readonly onProgress: (started: number) => void
}

/** Sends the requests over keep-alive connections, one under way on each. */
export async function runSoakClient(options: SoakClientOptions): Promise<ClientTotals> {
  const totals: ClientTotals = { statuses: new Map(), abandoned: 0 }
  let started = 0
  const next = (): boolean => {
    if (started >= options.requests) return false
    started++
    options.onProgress(started)
    return true
  }
  await Promise.all(Array.from({ length: options.lanes }, () => runLane(options, totals, next)))
  return totals
}

function runLane(options: SoakClientOptions, totals: ClientTotals, next: () => boolean): Promise<void> {
  return new Promise(resolve => {
    let socket: Socket | null = null
    let isWaiting = false
    const drop = (): void => {
      const old = socket
      socket = null
      old?.destroy()
    }
    const ended = (status: number): void => {
      isWaiting = false
      totals.statuses.set(status, (totals.statuses.get(status) ?? 0) + 1)
      setTimeout(send, options.thinkMs)
    }
    const open = (): Socket => {
      const opened = connect({ host: '127.0.0.1', port: options.port, noDelay: true })
      const reader = new MessageReader('answer', message => {
        if (!message.keepAlive) drop()
        ended(message.status)
      })
      opened.on('data', (bytes: Buffer) => {
        if (opened === socket) reader.push(bytes)
      })
      opened.on('error', () => {})
      opened.on('close', () => {
        if (opened !== socket) return
        drop()
        if (isWaiting) ended(0)
      })
      return opened
    }
    const send = (): void => {
      if (!next()) {
        drop()
        resolve()
        return
      }
      socket ??= open()
      socket.write(options.request)
      isWaiting = true
      if (options.random() >= options.abandon) return
      setImmediate(() => {
        // The answer may have come in between; then there is nothing to walk away from.
        if (!isWaiting) return
        isWaiting = false
        totals.abandoned++
        drop()
        send()
      })
    }
    send()
  })
}
