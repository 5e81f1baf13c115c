import { parseDuration } from '../../config/units.ts'
import { FORMAT_FACTS, isReportFormat, renderReport, REPORT_FORMATS } from '../../judge/report/format.ts'
import { effectiveVerdict } from '../effective-verdict.ts'
import { gatherReport } from '../gather-report.ts'
import { limited, ok, type AdminAnswer, type AdminContext, type AdminRequest } from './answers.ts'
import { experimentView, experimentViews, findExperiment } from './experiment-view.ts'
import { overrideVerdict, readOverrideChange } from './override-change.ts'
import { verdictView } from './verdict-view.ts'

/** The answers below `/api/v1/experiments`; the table of routes says what each of them is. */

/** Longer waits would hold connections that nobody may be behind any more: ask again. */
const WAIT_MAX_MS = 5 * 60_000

export function experiments({ state }: AdminContext): AdminAnswer {
  return ok({ experiments: experimentViews(state) })
}

export function experiment({ state }: AdminContext, { id }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  return found === null ? unknown(id) : ok(experimentView(state, found))
}

/** With `wait`: when the verdict is no longer CONTINUE, the time is over, or the process drains. */
export async function verdict({ state }: AdminContext, { id, query }: AdminRequest): Promise<AdminAnswer> {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  const wait = query.get('wait')
  const waitMs = wait === null ? 0 : parseDuration(wait)
  if (waitMs === null || waitMs > WAIT_MAX_MS) {
    return { status: 400, body: { error: 'wait must be a duration of at most 5m, for example 30s' } }
  }
  const isDone = (): boolean => state.draining || effectiveVerdict(state, found)?.verdict !== 'CONTINUE'
  await state.verdicts.until(found, waitMs, isDone)
  const view = verdictView(state, found)
  return view === null ? unknown(id) : ok(view)
}

export function report({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const format = query.get('format') ?? 'markdown'
  if (!isReportFormat(format))
    return { status: 400, body: { error: `format must be one of ${REPORT_FORMATS.join(', ')}` } }
  const found = findExperiment(state, id)
  const input = found === null ? null : gatherReport(state, found, new Date().toISOString())
  if (input === null) return unknown(id)
  return { status: 200, body: renderReport(input, format), type: FORMAT_FACTS[format].contentType }
}

export function windows({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  return limited(query, limit => ({ experiment: found, windows: state.ledger.windows(found, limit) }))
}

export function disagreements({ state }: AdminContext, { id, query }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  return limited(query, limit => ({ experiment: found, disagreements: state.disagreements(found, limit) }))
}

export function override({ state, log }: AdminContext, { id, body }: AdminRequest): AdminAnswer {
  const found = findExperiment(state, id)
  if (found === null) return unknown(id)
  const change = readOverrideChange(body)
  if (typeof change === 'string') return { status: 400, body: { error: change } }
  return overrideVerdict(state, log, found, change) ? ok(verdictView(state, found)) : unknown(id)
}

function unknown(id: string): AdminAnswer {
  return { status: 404, body: { error: `no experiment "${id}"; GET /api/v1/experiments lists them` } }
}
