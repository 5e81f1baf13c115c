import type { Socket } from 'node:net'
import { ByteReader, EndOfInput } from './byte-reader.ts'
import { framingOf, headerTokens, readBody, readHead, WireViolation, type MessageHead } from './http1-message.ts'
import { RequestGone, UpstreamRequest } from './upstream-request.ts'
import { Respond } from './upstream-respond.ts'

export interface ConnectionListener {
  readonly request: (request: UpstreamRequest, respond: Respond) => void
  readonly aborted: () => void
  readonly violation: (message: string) => void
}

/** One connection of the test upstream: reads requests one after the other and waits for each to be answered. */
export class UpstreamConnection {
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>
  /** No request is under way. */
  idle = true
  readonly #socket: Socket
  readonly #id: number
  readonly #listener: ConnectionListener
  readonly #reader = new ByteReader()

  constructor(socket: Socket, id: number, listener: ConnectionListener) {
    this.#socket = socket
    this.#id = id
    this.#listener = listener
    socket.on('data', (bytes: Buffer) => this.#reader.push(bytes))
    socket.on('end', () => this.#reader.finish('closed'))
    socket.on('error', () => this.#reader.finish('reset'))
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#reader.finish('reset')
        resolve()
      })
    })
    void this.#serve()
  }

  close(): void {
    this.#socket.destroySoon()
  }

  reset(): void {
    if ('encrypted' in this.#socket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  async #serve(): Promise<void> {
    try {
      for (let number = 1; ; number++) {
        this.idle = true
        const head = await readHead(this.#reader)
        this.idle = false
        if (!(await this.#exchange(head, number))) break
      }
    } catch (error) {
      this.#refuse(error)
    }
    this.close()
  }

  /** One request and its answer. false: the connection is not to be used again. */
  async #exchange(head: MessageHead, requestNumber: number): Promise<boolean> {
    const line = parseRequestLine(head)
    const framing = framingOf(head.headers, line.version, { kind: 'none' })
    const place = { connectionId: this.#id, requestNumber }
    const request = new UpstreamRequest(head, line, place, paused => this.#pause(paused))
    const last = line.version === 'HTTP/1.0' || headerTokens(head.headers, 'connection').includes('close')
    const respond = new Respond(this.#socket, line.method, last)
    const watch = this.#watch(request, respond)
    this.#listener.request(request, respond)
    try {
      const take = { data: (piece: Buffer) => request.addBody(piece), framing: () => {} }
      request.endBody(await readBody(this.#reader, framing, take))
    } catch (error) {
      watch.abort(error)
      throw error
    }
    await Promise.race([respond.done, this.closed])
    watch.end()
    return respond.reusable
  }

  /** A connection that ends before the answer is written aborts the request, once. */
  #watch(request: UpstreamRequest, respond: Respond): { abort(cause: unknown): void; end(): void } {
    const abort = (cause: unknown): void => {
      if (request.isGone || (respond.isDone && request.bodyState === 'received')) return
      // The server's own reset or close is not the client's doing.
      if (!respond.brokeOff) this.#listener.aborted()
      request.abort(new RequestGone(cause))
    }
    const onClose = (): void => abort('closed')
    this.#socket.once('close', onClose)
    return { abort, end: () => this.#socket.off('close', onClose) }
  }

  #pause(paused: boolean): void {
    if (paused) this.#socket.pause()
    else this.#socket.resume()
  }

  #refuse(error: unknown): void {
    if (error instanceof EndOfInput) return // the client left; whether in order is for the request to say
    this.#listener.violation((error as Error).message)
    if (error instanceof WireViolation) {
      this.#socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    }
  }
}

function parseRequestLine(head: MessageHead): { method: string; target: string; version: string } {
  const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) (HTTP\/1\.[01])$/.exec(head.startLine)
  if (parts === null) throw new WireViolation('not a request line', head.startLine)
  const [, method = '', target = '', version = ''] = parts
  return { method, target, version }
}
