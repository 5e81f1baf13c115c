import type { ByteReader } from './byte-reader.ts'

/** In wire order, with the name's case as sent. */
export type Header = readonly [name: string, value: string]

/** Bytes that no strict HTTP/1.1 reader may accept. The message names the rule and shows the bytes. */
export class WireViolation extends Error {
  constructor(rule: string, bytes: string | Buffer) {
    super(`${rule}: ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`)
    this.name = 'WireViolation'
  }
}

export interface MessageHead {
  readonly startLine: string
  readonly headers: Header[]
  /** Up to and including the empty line. */
  readonly raw: Buffer
}

/** How the end of a body is found. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

/** Longer heads, chunk-size lines and trailers than any test sends on purpose. */
const HEAD_LIMIT_BYTES = 1024 * 1024
const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const LF = 0x0a
const CR = 0x0d

/** Every value of a header, in order. */
export function headerValues(headers: readonly Header[], name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([each]) => each.toLowerCase() === wanted).map(([, value]) => value)
}

/** The elements of a comma-separated header, lower case, over all its lines. */
export function headerTokens(headers: readonly Header[], name: string): string[] {
  return headerValues(headers, name)
    .flatMap(value => value.split(','))
    .map(token => token.trim().toLowerCase())
    .filter(token => token !== '')
}

/** Reads one head. Throws WireViolation, or EndOfInput with what came when the connection ended before. */
export async function readHead(reader: ByteReader): Promise<MessageHead> {
  for (;;) {
    const bytes = reader.peek()
    const end = bytes.indexOf(HEAD_END)
    refuseBareLineFeed(end === -1 ? bytes : bytes.subarray(0, end + HEAD_END.length))
    if (end !== -1) return parseHead(reader.take(end + HEAD_END.length))
    if (bytes.length > HEAD_LIMIT_BYTES) throw new WireViolation('a head without end', bytes)
    await reader.more()
  }
}

function parseHead(raw: Buffer): MessageHead {
  const [startLine, ...fields] = raw.subarray(0, -HEAD_END.length).toString('latin1').split('\r\n')
  if (!startLine) throw new WireViolation('an empty start line', raw)
  return { startLine, headers: fields.map(parseField), raw }
}

function parseField(line: string): Header {
  if (/^[ \t]/.test(line)) throw new WireViolation('a folded header line', line)
  const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s.exec(line)
  if (field === null) throw new WireViolation('not a header line', line)
  const [, name = '', value = ''] = field
  // oxlint-disable-next-line no-control-regex -- exactly these octets are forbidden in a field value (RFC 9110, 5.5)
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) throw new WireViolation('a control character in a header value', line)
  return [name, value]
}

/** How long a message's body is by its headers alone; `absent` when they do not say. */
export function framingOf(headers: readonly Header[], version: string, absent: Framing): Framing {
  const lengths = headerValues(headers, 'content-length')
  const codings = headerValues(headers, 'transfer-encoding')
  if (codings.length > 0) {
    if (lengths.length > 0) throw new WireViolation('content-length beside transfer-encoding', lengths.join(', '))
    if (version !== 'HTTP/1.1') throw new WireViolation(`transfer-encoding in ${version}`, codings.join(', '))
    if (codings.join(', ').toLowerCase() !== 'chunked') {
      throw new WireViolation('a transfer-encoding other than chunked', codings.join(', '))
    }
    return { kind: 'chunked' }
  }
  if (lengths.length === 0) return absent
  if (lengths.length > 1) throw new WireViolation('several content-length headers', lengths.join(', '))
  const length = lengths[0] as string
  if (!/^\d{1,15}$/.test(length)) throw new WireViolation('a content-length that is not a number', length)
  return { kind: 'length', bytes: Number(length) }
}

/**
 * Reads a body to its end, piece by piece as it arrives, without the framing. Returns the trailers.
 * Throws EndOfInput when the connection ended too early, WireViolation on broken chunks.
 */
export async function readBody(reader: ByteReader, framing: Framing, take: BodyTaker): Promise<Header[]> {
  switch (framing.kind) {
    case 'none':
      return []
    case 'length':
      await readLength(reader, framing.bytes, take)
      return []
    case 'chunked':
      return await readChunks(reader, take)
    case 'until-close':
      while (reader.size > 0 || reader.state === 'open') await takeUntilClose(reader, take)
      if (reader.state === 'reset') await reader.more() // throws: a reset is no proper end
      return []
  }
}

export interface BodyTaker {
  readonly data: (bytes: Buffer) => void
  /** The framing's own bytes: chunk sizes, their line ends, trailers. */
  readonly framing: (bytes: Buffer) => void
}

async function takeUntilClose(reader: ByteReader, take: BodyTaker): Promise<void> {
  if (reader.size > 0) take.data(reader.take(reader.size))
  else await reader.more()
}

async function readLength(reader: ByteReader, bytes: number, take: BodyTaker): Promise<void> {
  let left = bytes
  while (left > 0) {
    const piece = await reader.readSome(left)
    left -= piece.length
    take.data(piece)
  }
}

async function readChunks(reader: ByteReader, take: BodyTaker): Promise<Header[]> {
  for (;;) {
    const line = await readLine(reader, take)
    const size = /^([0-9A-Fa-f]{1,12})(?:[ \t]*;[\t\x20-\x7e]*)?$/.exec(line)
    if (size === null) throw new WireViolation('not a chunk size', line)
    const bytes = Number.parseInt(size[1] as string, 16)
    if (bytes === 0) return await readTrailers(reader, take)
    await readLength(reader, bytes, take)
    const end = await reader.readExactly(CRLF.length)
    if (!end.equals(CRLF)) throw new WireViolation('a chunk longer than its size', end)
    take.framing(end)
  }
}

async function readTrailers(reader: ByteReader, take: BodyTaker): Promise<Header[]> {
  const trailers: Header[] = []
  for (;;) {
    const line = await readLine(reader, take)
    if (line === '') return trailers
    trailers.push(parseField(line))
  }
}

async function readLine(reader: ByteReader, take: BodyTaker): Promise<string> {
  for (;;) {
    const bytes = reader.peek()
    const end = bytes.indexOf(LF)
    if (end !== -1) {
      const line = reader.take(end + 1)
      refuseBareLineFeed(line)
      take.framing(line)
      return line.subarray(0, -CRLF.length).toString('latin1')
    }
    if (bytes.length > HEAD_LIMIT_BYTES) throw new WireViolation('a line without end', bytes)
    await reader.more()
  }
}

function refuseBareLineFeed(bytes: Buffer): void {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) throw new WireViolation('a line feed without carriage return', bytes)
  }
}
