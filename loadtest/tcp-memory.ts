import { readFileSync } from 'node:fs'
import { tcpMemoryMarks } from './ethernet.ts'

/**
 * What all TCP connections of the machine hold in the kernel, as a share of the mark from which it saves memory at all of them
 * (`net.ipv4.tcp_mem`). Above 1 every connection is slower, whatever the proxies do.
 */
export function tcpMemoryShare(): number {
  return shareOf(readFileSync('/proc/net/sockstat', 'latin1'), tcpMemoryMarks())
}

/** `sockstat`, `tcpMem`: as the kernel writes them, in pages. */
export function shareOf(sockstat: string, tcpMem: string): number {
  const held = /^TCP:.* mem (\d+)/m.exec(sockstat)?.[1]
  const [, pressure] = tcpMem.trim().split(/\s+/)
  return Number(held) / Number(pressure)
}
