import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** Beyond it the table doubles at most twice until it holds 16 384, and each start would take a tenth of a second longer. */
const MOST = 4_096

/**
 * Makes the process' table of file descriptors large before there are clients. It grows by doubling, and as long as a
 * process has several threads the kernel has each processor pass by before it uses the new one: that took 5 to 15 ms,
 * within the accept of the connection that was one too many (measured at 256, 512 and 1 024), and the data-plane thread with
 * all its clients stood still.
 */
export function growDescriptorTable(connections: number): void {
  const opened: number[] = []
  try {
    while (opened.length < Math.min(connections, MOST)) opened.push(openSync(devNull, 'r'))
  } catch {
    // No more are allowed: larger than that it will not become.
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
