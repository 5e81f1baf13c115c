import { setTimeout as sleep } from 'node:timers/promises'
import type { Contestant } from './contestants.ts'
import { markdownTable, whole } from './markdown.ts'
import { percent } from './saturated-rounds.ts'
import { readCounts, WINDOWS_LAG_MS, type CopyCounts } from './understudy-counts.ts'

/** What became of the copies of each Understudy, by its own count, from its start with all warm-up runs. Waits for it. */
export async function copiesTable(contestants: readonly Contestant[]): Promise<string> {
  await sleep(WINDOWS_LAG_MS)
  const rows: string[][] = []
  for (const { name, mirrors, adminUrl } of contestants) {
    if (mirrors && adminUrl !== null) rows.push([name, ...copiesCells(await readCounts(adminUrl))])
  }
  return markdownTable(['', 'copies', 'sent', 'pairs', 'pairs the analysis took', 'records', 'delivered'], rows)
}

/** Shares are of what stands to their left: of all copies, of the sent ones, of the pairs, of the records. */
export function copiesCells({ sent, dropped, pairs, notCaptured, records, delivered }: CopyCounts): string[] {
  return [
    whole(sent + dropped),
    share(sent, sent + dropped),
    share(pairs, sent),
    share(pairs - notCaptured, pairs),
    whole(records),
    share(delivered, records),
  ]
}

function share(part: number, of: number): string {
  return of === 0 ? '—' : percent(part / of)
}
