import { ProxyError } from '../../errors.ts'
import type { ClientHead } from './downstream.ts'

/**
 * What can be read as a request, but not by everyone in the same way, or not by us: two readings of one request are how
 * requests are smuggled. What can be read by nobody (both lengths, bad lengths, bare LF, folded lines...) never gets here:
 * see h1/received-head.ts.
 */
export function checkFraming(client: ClientHead): ProxyError | null {
  const { httpVersion } = client
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new ProxyError('BAD_REQUEST', `HTTP/${httpVersion} is not spoken here, only HTTP/1.1 and HTTP/1.0 are`)
  }
  const coding = client.headers['transfer-encoding']
  if (coding !== undefined) {
    if (httpVersion !== '1.1') {
      return new ProxyError('BAD_REQUEST', 'Transfer-Encoding is not allowed before HTTP/1.1')
    }
    if (coding.toLowerCase() !== 'chunked') {
      return new ProxyError('NOT_IMPLEMENTED', `Transfer-Encoding "${coding}" is not supported, only "chunked" is`)
    }
  }
  let hosts = 0
  const raw = client.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) return new ProxyError('BAD_REQUEST', 'the request has more than one Host header')
  if (hosts === 0 && httpVersion === '1.1') return new ProxyError('BAD_REQUEST', 'the request has no Host header')
  return checkExpectation(client)
}

const CONTINUE = /^[\s,]*100-continue(?:[\s,]+100-continue)*[\s,]*$/i

/** There is one expectation (RFC 9110 §10.1.1), and HTTP/1.0 clients have none. */
function checkExpectation({ headers, httpVersion }: ClientHead): ProxyError | null {
  const { expect } = headers
  if (expect === undefined || httpVersion !== '1.1' || CONTINUE.test(expect)) return null
  return new ProxyError('EXPECTATION_FAILED', 'the only expectation that can be met is 100-continue')
}
