import { ProxyError } from '../../errors.ts'
import type { Downstream } from './downstream.ts'

/**
 * Framing that node:http lets through and a proxy must not: two readings of one request are how requests are smuggled.
 * What llhttp already refuses (both lengths, bad lengths, bare LF, folded lines...) ends in the listener's clientError.
 */
export function checkFraming(client: Downstream): ProxyError | null {
  const coding = client.headers['transfer-encoding']
  if (coding !== undefined) {
    if (client.httpVersion !== '1.1') {
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
  return null
}
