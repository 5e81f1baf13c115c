import { readdirSync, readFileSync } from 'node:fs'

const DIRECTORY = new URL('captures/', import.meta.url)
const HEAD_END = '\r\n\r\n'

export interface CapturedAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface CapturedExchange {
  /** Name of the capture and place on its connection: `mlserver-triton-keepalive-noid#3`. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly answer: CapturedAnswer
}

interface Message {
  readonly startLine: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** The first answer of a capture in test/support/captures. */
export function capturedAnswer(name: string): CapturedAnswer {
  const [first] = answersOf(name)
  if (first === undefined) throw new Error(`the capture ${name} has no answer`)
  return first
}

/** Every request and its answer, of all captures. */
export function capturedExchanges(): CapturedExchange[] {
  const names = readdirSync(DIRECTORY).filter(file => file.endsWith('.resp.bin'))
  return names.map(file => file.slice(0, -'.resp.bin'.length)).flatMap(exchangesOf)
}

function exchangesOf(name: string): CapturedExchange[] {
  const requests = messages(`${name}.req.bin`)
  return answersOf(name).map((answer, i) => {
    const [method = '', path = ''] = requests[i]?.startLine.split(' ') ?? []
    return { name: `${name}#${i}`, method, path, answer }
  })
}

function answersOf(name: string): CapturedAnswer[] {
  return messages(`${name}.resp.bin`).map(({ startLine, headers, body }) => {
    return { status: Number(startLine.split(' ')[1]), headers, body }
  })
}

/** The messages of one direction of a connection; a chunked body that was cut ends with what came of it. */
function messages(file: string): Message[] {
  const bytes = readFileSync(new URL(file, DIRECTORY))
  const found: Message[] = []
  let at = 0
  while (at < bytes.length) {
    const headEnd = bytes.indexOf(HEAD_END, at)
    const [startLine = '', ...lines] = bytes.toString('latin1', at, headEnd).split('\r\n')
    const headers = new Map(
      lines.map(line => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
    )
    at = headEnd + HEAD_END.length
    if (headers.get('transfer-encoding') === 'chunked') {
      const { body, next } = unchunked(bytes, at)
      found.push({ startLine, headers, body })
      at = next
    } else {
      const end = at + Number(headers.get('content-length') ?? 0)
      found.push({ startLine, headers, body: bytes.subarray(at, end) })
      at = end
    }
  }
  return found
}

function unchunked(bytes: Buffer, start: number): { body: Buffer; next: number } {
  const chunks: Buffer[] = []
  let at = start
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const from = lineEnd + 2
    at = from + size + 2
    if (!(size > 0)) break
    chunks.push(bytes.subarray(from, from + size))
  }
  return { body: Buffer.concat(chunks), next: Math.min(at, bytes.length) }
}
