import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServedRouting } from './serve-routing.ts'

/**
 * Reads routing files in turn every `everyMs` until the signal comes. They must differ: reading the same again changes
 * nothing. @throws Error when one of them is refused
 */
export async function keepReloading(
  understudy: Pick<ServedRouting, 'adminUrl' | 'file'>,
  routings: readonly object[],
  everyMs: number,
  signal: AbortSignal,
): Promise<number> {
  for (let reloads = 0; ; reloads++) {
    await sleep(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return reloads
    // Whole or not at all: the process watches its file.
    const next = `${understudy.file}.next`
    writeFileSync(next, JSON.stringify(routings[reloads % routings.length]))
    renameSync(next, understudy.file)
    const answer = await fetch(`${understudy.adminUrl}/api/v1/reload`, { method: 'POST' })
    const text = await answer.text()
    if (!answer.ok || text.includes('"refused"')) throw new Error(`a reload was refused: ${text}`)
  }
}
