import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What the answer to a handshake with this key must say. */
export function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64')
}

/** What the two ends of a connection agreed on, as the server's answer says it; empty: nothing. */
export interface Agreement {
  readonly extensions: string
  readonly protocol: string
}

export function agreementOf(answer: IncomingHttpHeaders): Agreement {
  const { 'sec-websocket-extensions': extensions = '', 'sec-websocket-protocol': protocol = '' } = answer
  return { extensions, protocol }
}

/** Frames made under one of them can be read under the other. */
export function isSameAgreement(one: Agreement, other: Agreement): boolean {
  return one.protocol === other.protocol && normal(one.extensions) === normal(other.extensions)
}

/** Parameters have no order, and neither white space nor quotes mean anything (RFC 6455 §9.1). */
function normal(extensions: string): string {
  return extensions
    .toLowerCase()
    .split(',')
    .map(extension => {
      const [name = '', ...parameters] = extension.split(';').map(part => part.replaceAll(/[\s"]/g, ''))
      return [name, ...parameters.sort()].join(';')
    })
    .join(',')
}
