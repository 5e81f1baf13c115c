import { readFileSync } from 'node:fs'

/** What the kernel calls ESTABLISHED and CLOSE_WAIT: connections that somebody still has to close. */
const OPEN_STATES = new Set(['01', '08'])

/**
 * How many server-side connections of a local port the kernel holds open (Linux only: elsewhere reading throws). A process
 * that has read a FIN and does nothing about it is not told of a reset; the kernel knows.
 */
export function openConnectionsAt(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync('/proc/net/tcp', 'utf8').trimEnd().split('\n').slice(1)
  return rows.filter(row => {
    const [, address = '', , state = ''] = row.trim().split(/\s+/)
    return address.endsWith(local) && OPEN_STATES.has(state)
  }).length
}
