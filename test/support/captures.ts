import { readFileSync } from 'node:fs'

export interface CapturedAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** The first answer of a capture in test/support/captures; those used here have a Content-Length. */
export function capturedAnswer(name: string): CapturedAnswer {
  const bytes = readFileSync(new URL(`captures/${name}.resp.bin`, import.meta.url))
  const end = bytes.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(
    lines.map(line => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  const length = Number(headers.get('content-length'))
  return { status: Number(statusLine.split(' ')[1]), headers, body: bytes.subarray(end + 4, end + 4 + length) }
}
