import { parseDuration } from '../config/units.ts'
import type { VerdictView } from '../control/admin/verdict-view.ts'
import { adminSource, askAdmin, notUnderstudy, type AdminSource } from './admin-source.ts'
import { VERDICT_OPTIONS } from './commands.ts'
import { readWordsAndOptions, required, UsageError } from './options.ts'
import { readVerdictAnswer } from './verdict-answer.ts'
import { printVerdict, readVerdictOutput, VERDICT_EXIT_CODES } from './verdict-output.ts'

const DEFAULT_TIMEOUT_MS = 3_600_000
/** The admin API answers at the latest after this, or when the time is over, and is asked again. */
const POLL_MS = 30_000
const NOT_REACHABLE = 3

/** `understudy verdict`: 0 PROMOTE, 10 ROLLBACK, 20 CONTINUE or EXPIRED, 30 INVALID; 2 wrong use, 3 not reachable. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = readWordsAndOptions(args, VERDICT_OPTIONS, 1)
  const experiment = required(words[0], 'EXPERIMENT')
  const output = readVerdictOutput(values.output)
  const timeoutMs = values.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(values.timeout)
  if (timeoutMs === null) throw new UsageError(`--timeout needs a duration, for example 1h`)
  const untilMs = performance.now() + (values.wait === true ? timeoutMs : 0)
  const source = adminSource(values)
  const verdict = await ask(source, experiment, untilMs)
  if (typeof verdict === 'string') {
    console.error(`understudy verdict: ${verdict}`)
    return NOT_REACHABLE
  }
  console.log(printVerdict(verdict, output))
  return VERDICT_EXIT_CODES[verdict.verdict]
}

/** Asks until it is decided or the time is over. A text says why there is no verdict. */
async function ask(source: AdminSource, experiment: string, untilMs: number): Promise<VerdictView | string> {
  for (;;) {
    const answer = await askOnce(source, experiment, Math.min(POLL_MS, untilMs - performance.now()))
    if (typeof answer === 'string' || answer.verdict !== 'CONTINUE' || performance.now() >= untilMs) return answer
  }
}

async function askOnce(source: AdminSource, experiment: string, waitMs: number): Promise<VerdictView | string> {
  const path = `/api/v1/experiments/${encodeURIComponent(experiment)}/verdict`
  const asked = await askAdmin(source, path, waitMs > 0 ? { wait: `${Math.ceil(waitMs)}ms` } : {})
  if (asked.kind === 'failed') return asked.why
  return readVerdictAnswer(asked.text) ?? notUnderstudy(source)
}
