import type { ExperimentView } from '../../control/admin/experiment-view.ts'
import type { VerdictView } from '../../control/admin/verdict-view.ts'
import { DemoFailure } from './failure.ts'
import { EXPERIMENT } from './routing-file.ts'

/** What a sink did with its records. */
export interface SinkTotals {
  readonly accepted: number
  readonly delivered: number
  readonly dropped: number
}

const TIMEOUT_MS = 5_000
/** The admin API gives no more at once. */
const DISAGREEMENTS_MAX = 1_000

/** Reads the proxy's admin API, as any user could. Rejects with a DemoFailure when it does not answer, or not with 200. */
export class AdminClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async experiment(): Promise<ExperimentView> {
    return (await this.#get(`/api/v1/experiments/${EXPERIMENT}`)).json() as Promise<ExperimentView>
  }

  async verdict(): Promise<VerdictView> {
    return (await this.#get(`/api/v1/experiments/${EXPERIMENT}/verdict`)).json() as Promise<VerdictView>
  }

  /** Pair records, newest first: all that the proxy keeps for people. */
  async disagreements(): Promise<unknown[]> {
    const answer = await this.#get(`/api/v1/experiments/${EXPERIMENT}/disagreements?limit=${DISAGREEMENTS_MAX}`)
    return ((await answer.json()) as { disagreements: unknown[] }).disagreements
  }

  /** From /metrics; zeros before the sink has had its first record. */
  async sinkTotals(sink: string): Promise<SinkTotals> {
    const text = await (await this.#get('/metrics')).text()
    const value = (state: string): number => {
      const line = text.split('\n').find(row => isSinkRow(row, sink, state))
      return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
    }
    return { accepted: value('accepted'), delivered: value('delivered'), dropped: value('dropped') }
  }

  async #get(path: string): Promise<Response> {
    const url = `${this.#url}${path}`
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: Error) => {
      throw new DemoFailure(`the admin API did not answer GET ${url}: ${cause.message}`, { cause })
    })
    if (!answer.ok)
      throw new DemoFailure(`the admin API answered ${answer.status} to GET ${url}: ${await answer.text()}`)
    return answer
  }
}

function isSinkRow(row: string, sink: string, state: string): boolean {
  return (
    row.startsWith('understudy_sink_records_total{') &&
    row.includes(`sink="${sink}"`) &&
    row.includes(`state="${state}"`)
  )
}
