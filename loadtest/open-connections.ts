import { readTcpTable, tcpStates } from '../test/support/tcp-table.ts'

/** States of the kernel's table that are no connection (any more): TIME_WAIT and LISTEN. */
const NOT_OPEN = new Set(['06', '0A'])

/**
 * TCP connections over IPv4 that the owner of this port has, also those it has not accepted yet or only half closed. Asked
 * of the kernel, so that no proxy is disturbed by the question, and those without metrics can be asked about, too.
 */
export function openConnections(port: number): number {
  return countConnections(readTcpTable(), port)
}

/** `table`: as `/proc/net/tcp` has it. Of a connection on loopback both ends stand there: those of the port count. */
export function countConnections(table: string, port: number): number {
  return tcpStates(table, port).filter(state => !NOT_OPEN.has(state)).length
}
