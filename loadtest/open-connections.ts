import { readFileSync } from 'node:fs'

/** States of the kernel's table that are no connection (any more): TIME_WAIT and LISTEN. */
const NOT_OPEN = new Set(['06', '0A'])
const HEXADECIMAL = 16

/**
 * TCP connections over IPv4 that the owner of this port has, also those it has not accepted yet or only half closed. Asked
 * of the kernel, so that no proxy is disturbed by the question, and those without metrics can be asked about, too.
 */
export function openConnections(port: number): number {
  return countConnections(readFileSync('/proc/net/tcp', 'latin1'), port)
}

/** `table`: as `/proc/net/tcp` has it. Of a connection on loopback both ends stand there: those of the port count. */
export function countConnections(table: string, port: number): number {
  const local = `:${port.toString(HEXADECIMAL).toUpperCase().padStart(4, '0')}`
  return table.split('\n').filter(line => {
    // sl local_address rem_address st ...
    const [, address = '', , state = ''] = line.trim().split(/ +/)
    return address.endsWith(local) && !NOT_OPEN.has(state)
  }).length
}
