import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getJson } from './http-json.ts'
import type { RunningUnderstudy } from './run-understudy.ts'
import { eventually } from './within.ts'
import type { Outcome } from '../../src/wire/outcomes.ts'
import { total } from '../../src/wire/total.ts'
import type { WindowCounts } from '../../src/wire/window.ts'

/** What tests read of a pair record. */
export interface PairLine {
  readonly requestId: string
  readonly route: string
  readonly primary: { readonly status: number; readonly bytes: number }
  readonly shadow: { readonly status: number; readonly bytes: number }
  readonly comparison: {
    readonly result: Outcome
    readonly task: string
    readonly payload?: string
    readonly metrics: Readonly<Record<string, number>>
  }
}

/** The records of the file sink, once there are so many pairs. Rejects when that takes longer than ten seconds. */
export async function readPairFile({ directory }: RunningUnderstudy, pairs: number): Promise<PairLine[]> {
  return await eventually(() => {
    const lines = readFileSync(join(directory, 'understudy-pairs.ndjson'), 'utf8').trimEnd().split('\n')
    const records = lines.map(line => JSON.parse(line) as PairLine & { readonly schema: string })
    const found = records.filter(({ schema }) => schema === 'understudy.pair/1')
    return found.length >= pairs ? found : undefined
  }, 10_000)
}

/** The counts of an experiment (`ROUTE.CANDIDATE`) once the windows of so many copies are sealed. */
export async function settledCounts(
  { adminUrl }: RunningUnderstudy,
  id: string,
  copies: number,
): Promise<WindowCounts> {
  return await eventually(async () => {
    const { counts } = (await getJson(`${adminUrl}/api/v1/experiments/${id}`)) as { readonly counts: WindowCounts }
    return counts.pairs + total(counts.dropped) + total(counts.unpaired) === copies ? counts : undefined
  }, 30_000)
}
