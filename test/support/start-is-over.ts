import { setTimeout as sleep } from 'node:timers/promises'

/** Compiling its code makes a proxy that has just started late for its own timers, and it gives up copies while it is. */
const START_MS = 300

/** For tests that wait for a certain copy. */
export const startIsOver = (): Promise<void> => sleep(START_MS)
