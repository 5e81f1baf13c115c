import { EndOfInput, type ByteReader } from './byte-reader.ts'
import {
  framingOf,
  headerTokens,
  headerValues,
  readBody,
  readHead,
  WireViolation,
  type Framing,
  type Header,
} from './http1-message.ts'

export interface RawResponse {
  /** `HTTP/1.1`. */
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In wire order, with the names' case. */
  readonly headers: readonly Header[]
  /** The first value of a header, whatever its case. */
  header(name: string): string | undefined
  /** Every value of a header. */
  headerAll(name: string): string[]
  /** Without framing; empty with `keepBody: false`. */
  readonly body: Buffer
  readonly bodyBytes: number
  readonly trailers: readonly Header[]
  /** 1xx answers that came before, 101 excluded: that one is final. */
  readonly informational: readonly InformationalResponse[]
  /** Everything that belongs to this response on the wire, 1xx included; without the body when it is not kept. */
  readonly raw: Buffer
  readonly chunked: boolean
  /** `complete`: its framing ended it. `closed-early`: a FIN came before. `reset`: an RST came before. */
  readonly ended: 'complete' | 'reset' | 'closed-early'
}

export interface InformationalResponse {
  readonly status: number
  readonly headers: readonly Header[]
}

export interface ResponseOptions {
  /** Of the request that is answered: a response to HEAD has no body whatever its headers say. */
  readonly method?: string
  /** false: count the body's bytes, keep none (downloads that must not fill the test's own memory). */
  readonly keepBody?: boolean
  /** Called for each 1xx, when it arrives. */
  readonly onInformational?: (response: InformationalResponse) => void
  /** Called when the final head is there. */
  readonly onHead?: (status: number, headers: readonly Header[]) => void
  /** Called for each piece of body, without framing, when it arrives. */
  readonly onBody?: (piece: Buffer) => void
}

/** Reads the next final response strictly. Throws WireViolation, or EndOfInput when not even its head came whole. */
export async function readRawResponse(reader: ByteReader, options: ResponseOptions): Promise<RawResponse> {
  const raw: Buffer[] = []
  const informational: InformationalResponse[] = []
  for (;;) {
    const head = await readHead(reader)
    raw.push(head.raw)
    const { version, status, reason } = parseStatusLine(head.startLine)
    if (status >= 200 || status === 101) {
      options.onHead?.(status, head.headers)
      const framing = responseFraming(version, status, head.headers, options.method ?? 'GET')
      const body = await readResponseBody(reader, framing, options, raw)
      return describe({ version, status, reason, headers: head.headers, informational, framing, raw }, body)
    }
    if (headerValues(head.headers, 'content-length').length > 0) {
      throw new WireViolation(`content-length in a ${status}`, head.raw)
    }
    const early = { status, headers: head.headers }
    informational.push(early)
    options.onInformational?.(early)
  }
}

function parseStatusLine(line: string): { version: string; status: number; reason: string } {
  // The space before an empty reason is part of the grammar (RFC 9112, section 4).
  const parts = /^(HTTP\/1\.[01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line)
  if (parts === null) throw new WireViolation('not a status line', line)
  return { version: parts[1] as string, status: Number(parts[2]), reason: parts[3] as string }
}

function responseFraming(version: string, status: number, headers: readonly Header[], method: string): Framing {
  const declared = framingOf(headers, version, { kind: 'until-close' })
  const forbidden = status === 101 || status === 204
  if (forbidden && declared.kind !== 'until-close') {
    throw new WireViolation(`content-length or transfer-encoding in a ${status}`, JSON.stringify(headers))
  }
  return forbidden || status === 304 || method === 'HEAD' ? { kind: 'none' } : declared
}

interface Body {
  readonly pieces: Buffer[]
  readonly bytes: number
  readonly trailers: Header[]
  readonly ended: RawResponse['ended']
}

async function readResponseBody(
  reader: ByteReader,
  framing: Framing,
  options: ResponseOptions,
  raw: Buffer[],
): Promise<Body> {
  const pieces: Buffer[] = []
  let bytes = 0
  const data = (piece: Buffer): void => {
    bytes += piece.length
    if (options.keepBody !== false) {
      pieces.push(piece)
      raw.push(piece)
    }
    options.onBody?.(piece)
  }
  try {
    const trailers = await readBody(reader, framing, { data, framing: piece => raw.push(piece) })
    return { pieces, bytes, trailers, ended: 'complete' }
  } catch (error) {
    if (!(error instanceof EndOfInput)) throw error
    return { pieces, bytes, trailers: [], ended: error.state === 'reset' ? 'reset' : 'closed-early' }
  }
}

interface Head {
  readonly version: string
  readonly status: number
  readonly reason: string
  readonly headers: Header[]
  readonly informational: InformationalResponse[]
  readonly framing: Framing
  readonly raw: Buffer[]
}

function describe(head: Head, body: Body): RawResponse {
  const { version, status, reason, headers, informational } = head
  return {
    version,
    status,
    reason,
    headers,
    header: name => headerValues(headers, name)[0],
    headerAll: name => headerValues(headers, name),
    body: Buffer.concat(body.pieces),
    bodyBytes: body.bytes,
    trailers: body.trailers,
    informational,
    raw: Buffer.concat(head.raw),
    chunked: headerTokens(headers, 'transfer-encoding').includes('chunked'),
    ended: body.ended,
  }
}
