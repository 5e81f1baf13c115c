import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { basename } from 'node:path'

/** A tenth of the weight of the data-plane threads, where both want the same core. */
const NICENESS = 10

/**
 * Lets the scheduler prefer every thread that clients wait for to the one that calls this. On Linux each thread has a
 * priority of its own, under its own number; elsewhere nothing changes. Measured on two shared cores with 1 000 mirrored
 * requests a second: p99 0.60 instead of 0.66 ms, and at saturation still no pair let go.
 */
export function giveWay(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')))
    setPriority(thread, Math.max(NICENESS, getPriority(thread)))
  } catch {
    // No Linux, or no /proc: the priorities stay equal.
  }
}
