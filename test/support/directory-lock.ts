import { mkdir, rm, stat, utimes } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** The holder of the lock touches it once a second; untouched for longer, its holder is dead. */
const STALE_LOCK_MS = 15_000

/** A directory as lock: making one is atomic, and another process' is waited for. */
export async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  while (!(await made(lock))) {
    const held = await stat(lock).catch(() => null) // null: just released
    if (held !== null && Date.now() - held.mtimeMs > STALE_LOCK_MS) await rm(lock, { recursive: true, force: true })
    await sleep(250)
  }
  const alive = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), 1_000)
  try {
    await work()
  } finally {
    clearInterval(alive)
    await rm(lock, { recursive: true, force: true })
  }
}

async function made(dir: string): Promise<boolean> {
  try {
    await mkdir(dir)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
