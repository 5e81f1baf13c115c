import { readFileSync } from 'node:fs'

/** What the kernel calls ESTABLISHED and CLOSE_WAIT: connections that somebody still has to close. */
const OPEN_STATES = new Set(['01', '08'])

/**
 * How many server-side connections of a local port the kernel holds open (Linux only: elsewhere reading throws). A process
 * that has read a FIN and does nothing about it is not told of a reset; the kernel knows.
 */
export function openConnectionsAt(port: number): number {
  return tcpStates(readTcpTable(), port).filter(state => OPEN_STATES.has(state)).length
}

/** TCP over IPv4 as the kernel lists it (Linux only: elsewhere reading throws). */
export function readTcpTable(): string {
  return readFileSync('/proc/net/tcp', 'latin1')
}

/** The states, as the kernel numbers them, of all rows of the table with this local port. */
export function tcpStates(table: string, port: number): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap(line => {
    // sl local_address rem_address st ...
    const [, address = '', , state = ''] = line.trim().split(/ +/)
    return address.endsWith(local) ? [state] : []
  })
}
