import { isIPv4, type Socket } from 'node:net'

/** What stands before an IPv4 address on a listener for both families (RFC 4291 §2.5.5.2). */
const MAPPED = '::ffff:'

/** The client's address. Of IPv4 it is the same on every listener: it is a key, and replicas need not listen alike. */
export function clientAddress({ remoteAddress = '' }: Socket): string {
  if (!remoteAddress.startsWith(MAPPED)) return remoteAddress
  const address = remoteAddress.slice(MAPPED.length)
  return isIPv4(address) ? address : remoteAddress
}
