/** Bytes that no strict reader of HTTP/1.1 may accept. The connection is of no use after it. */
export class WireError extends Error {}

/** What is known of a message once its last byte is there. */
export interface Message {
  /** 0 of a request. */
  readonly status: number
  /** Whether the sender keeps the connection open. */
  readonly keepAlive: boolean
  readonly bodyBytes: number
}

/**
 * - `head`: start line and headers are awaited
 * - `sized`: `#left` bytes of a body with content-length are awaited
 * - `chunk-size`, `chunk-data` (`#left` bytes and their CRLF), `trailers`: a chunked body, part by part
 * - `until-close`: the body of an answer without a length
 */
type State = 'head' | 'sized' | 'chunk-size' | 'chunk-data' | 'trailers' | 'until-close'

const HEAD_LIMIT_BYTES = 65_536
const LINE_LIMIT_BYTES = 1024
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CRLF = Buffer.from('\r\n')

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP\/1\.1$/
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,12})(?:[\t ]*;[\t\x20-\x7e]*)?$/

/**
 * Reads HTTP/1.1 messages off a connection and throws their bodies away: as little work as a load driver and its model
 * servers can do without believing whatever they are sent. Interim answers (1xx) are passed over.
 */
export class MessageReader {
  readonly #isAnswer: boolean
  readonly #onMessage: (message: Message) => void
  readonly #onHead: () => void
  #state: State = 'head'
  #rest: Buffer | null = null
  #left = 0
  #status = 0
  #keepAlive = true
  #bodyBytes = 0

  /** `onHead` is called when the last byte of a head is there; the head of an interim answer is none. */
  constructor(kind: 'request' | 'answer', onMessage: (message: Message) => void, onHead: () => void = () => {}) {
    this.#isAnswer = kind === 'answer'
    this.#onMessage = onMessage
    this.#onHead = onHead
  }

  /** Whether no message has begun. */
  get atRest(): boolean {
    return this.#state === 'head' && this.#rest === null
  }

  /** Takes the next bytes; the buffer is the caller's again afterwards. @throws WireError */
  push(bytes: Buffer): void {
    const data = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = null
    let at = 0
    while (at < data.length) {
      const next = this.#step(data, at)
      if (next === -1) {
        this.#rest = Buffer.from(data.subarray(at))
        return
      }
      at = next
    }
  }

  /** The peer has closed its side. @throws WireError in the middle of a message */
  finish(): void {
    if (this.#state === 'until-close') this.#complete()
    else if (!this.atRest) throw new WireError('the connection ended in the middle of a message')
  }

  /** Reads on from `at`. Returns where it stopped, or -1 when more bytes are needed to go on. */
  #step(data: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(data, at)
      case 'sized':
        return this.#sized(data, at)
      case 'chunk-size':
        return this.#chunkSize(data, at)
      case 'chunk-data':
        return this.#chunkData(data, at)
      case 'trailers':
        return this.#trailers(data, at)
      case 'until-close':
        this.#bodyBytes += data.length - at
        return data.length
    }
  }

  #head(data: Buffer, at: number): number {
    const end = data.indexOf(END_OF_HEAD, at)
    if (end === -1) {
      if (data.length - at > HEAD_LIMIT_BYTES) throw new WireError('the head does not end')
      return -1
    }
    const lines = data.toString('latin1', at, end).split('\r\n')
    this.#startLine(lines[0] as string)
    this.#bodyBytes = 0
    this.#frame(lines)
    return end + END_OF_HEAD.length
  }

  #startLine(line: string): void {
    if (!this.#isAnswer) {
      if (!REQUEST_LINE.test(line)) throw new WireError(`not a request line: ${JSON.stringify(line)}`)
      return
    }
    const match = STATUS_LINE.exec(line)
    if (match === null) throw new WireError(`not a status line: ${JSON.stringify(line)}`)
    this.#status = Number(match[1])
  }

  /** Decides from the headers how the body is framed. */
  #frame(lines: readonly string[]): void {
    let length: string | null = null
    let chunked = false
    this.#keepAlive = true
    for (let i = 1; i < lines.length; i++) {
      const match = HEADER.exec(lines[i] as string)
      if (match === null) throw new WireError(`not a header: ${JSON.stringify(lines[i])}`)
      const name = (match[1] as string).toLowerCase()
      const value = (match[2] as string).trimEnd()
      if (name === 'content-length') {
        if (length !== null || !/^[0-9]{1,15}$/.test(value)) throw new WireError('content-length is not one number')
        length = value
      } else if (name === 'transfer-encoding') {
        if (chunked || value.toLowerCase() !== 'chunked') throw new WireError('transfer-encoding is not chunked')
        chunked = true
      } else if (name === 'connection' && value.toLowerCase() === 'close') {
        this.#keepAlive = false
      }
    }
    if (length !== null && chunked) throw new WireError('content-length and transfer-encoding in one message')
    this.#enterBody(length, chunked)
  }

  #enterBody(length: string | null, chunked: boolean): void {
    if (this.#isAnswer && this.#status < 200) {
      if (this.#status === 101) throw new WireError('the protocol was switched, nobody asked for it')
      return // interim: the answer itself is still to come
    }
    this.#onHead()
    if (this.#isAnswer && (this.#status === 204 || this.#status === 304)) return this.#complete()
    if (chunked) this.#state = 'chunk-size'
    else if (length !== null) {
      this.#left = Number(length)
      if (this.#left === 0) this.#complete()
      else this.#state = 'sized'
    } else if (this.#isAnswer) {
      this.#keepAlive = false
      this.#state = 'until-close'
    } else this.#complete()
  }

  #sized(data: Buffer, at: number): number {
    const taken = Math.min(this.#left, data.length - at)
    this.#left -= taken
    this.#bodyBytes += taken
    if (this.#left === 0) this.#complete()
    return at + taken
  }

  #chunkSize(data: Buffer, at: number): number {
    const end = lineEnd(data, at)
    if (end === -1) return -1
    const match = CHUNK_SIZE.exec(data.toString('latin1', at, end))
    if (match === null) throw new WireError('not the size of a chunk')
    this.#left = Number.parseInt(match[1] as string, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data'
    return end + CRLF.length
  }

  #chunkData(data: Buffer, at: number): number {
    if (this.#left > 0) {
      const taken = Math.min(this.#left, data.length - at)
      this.#left -= taken
      this.#bodyBytes += taken
      return at + taken
    }
    if (data.length - at < CRLF.length) return -1
    if (data[at] !== 0x0d || data[at + 1] !== 0x0a) throw new WireError('a chunk is longer than its size')
    this.#state = 'chunk-size'
    return at + CRLF.length
  }

  #trailers(data: Buffer, at: number): number {
    const end = lineEnd(data, at)
    if (end === -1) return -1
    if (end === at) this.#complete()
    else if (!HEADER.test(data.toString('latin1', at, end))) throw new WireError('not a trailer')
    return end + CRLF.length
  }

  #complete(): void {
    this.#state = 'head'
    this.#onMessage({ status: this.#status, keepAlive: this.#keepAlive, bodyBytes: this.#bodyBytes })
  }
}

/** Where the line ends that begins at `at`; -1: not in these bytes. */
function lineEnd(data: Buffer, at: number): number {
  const end = data.indexOf(CRLF, at)
  if (end === -1 && data.length - at > LINE_LIMIT_BYTES) throw new WireError('a line of the body does not end')
  return end
}
