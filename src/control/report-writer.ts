import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FORMAT_FACTS, renderReport, REPORT_FORMATS } from '../judge/report/format.ts'
import type { ReportInput } from '../judge/report/report-input.ts'
import { gatherReport } from './gather-report.ts'
import type { Log } from './log.ts'
import type { ControlState } from './state.ts'
import { writeAtomically } from './write-atomically.ts'

/**
 * Writes the report of an experiment, in every format, when it is promoted, rolled back, found invalid or expired for the
 * first time: `{experiment}-{verdict}-{time}.{md,html,json}`, `time` being the end of the second that decided. A report
 * that is there from before a restart is not written again. What fails is logged; the admin API still has the report.
 */
export class ReportWriter {
  readonly #state: ControlState
  readonly #directory: string
  readonly #log: Log
  /** Experiment and verdict of what was written, or failed. */
  readonly #seen = new Set<string>()
  #last: Promise<void> = Promise.resolve()

  /** `directory` is made when the first report is written. */
  constructor(state: ControlState, directory: string, log: Log) {
    this.#state = state
    this.#directory = directory
    this.#log = log
  }

  /** There was a new look at the experiment. Never throws, waits for nothing. */
  looked(experiment: string): void {
    const verdict = this.#state.judge.look(experiment)?.decision.verdict ?? 'CONTINUE'
    const key = `${experiment} ${verdict}`
    if (verdict === 'CONTINUE' || this.#seen.has(key)) return
    this.#seen.add(key)
    try {
      const input = gatherReport(this.#state, experiment, new Date().toISOString())
      if (input !== null) this.#last = this.#last.then(() => this.#write(input))
    } catch (error) {
      this.#failed(experiment, error)
    }
  }

  /** Resolves when all reports so far are written, or have failed. */
  settled(): Promise<void> {
    return this.#last
  }

  async #write(input: ReportInput): Promise<void> {
    const { plan, look } = input
    const name = `${plan.id}-${look.decision.verdict}-`
    try {
      await mkdir(this.#directory, { recursive: true })
      const there = await readdir(this.#directory)
      for (const format of REPORT_FORMATS) {
        const ending = `.${FORMAT_FACTS[format].extension}`
        if (there.some(file => file.startsWith(name) && file.endsWith(ending))) continue
        const path = join(this.#directory, `${name}${timeInName(look.second ?? 0)}${ending}`)
        await writeAtomically(path, renderReport(input, format))
        this.#log.info('report written', { experiment: plan.id, verdict: look.decision.verdict, path })
      }
    } catch (error) {
      this.#failed(plan.id, error)
    }
  }

  #failed(experiment: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = 'understudy report still has it'
    this.#log.error('a report could not be written', { experiment, directory: this.#directory, reason, advice })
  }
}

/** The end of the second as `20260101T120000Z`: sorts by time, and is a file name everywhere. */
function timeInName(second: number): string {
  return new Date((second + 1) * 1e3).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}
