import { readExample, type ReportInput } from '../judge/report/report-input.ts'
import { noiseView } from './noise-view.ts'
import type { ControlState } from './state.ts'
import { VERSION } from './version.ts'

/** As many as a report lists. */
const EXAMPLES = 10

/** All that a report says, as things stand now. `madeAt`: ISO 8601. null: the experiment was never judged. */
export function gatherReport(state: ControlState, experiment: string, madeAt: string): ReportInput | null {
  const look = state.judge.look(experiment)
  const plan = state.judge.plan(experiment)
  if (look === null || plan === null) return null
  const { revision, hash, experiments } = state.snapshot
  const report = state.report(experiment)
  const counts = state.ledger.counts(experiment)
  return {
    madeAt,
    version: VERSION,
    configuration: { revision, hash },
    plan,
    isCurrent: experiments.some(({ id }) => id === experiment),
    look,
    override: state.overrides.get(experiment),
    history: state.judge.history(experiment)?.points ?? [],
    counts,
    noise: noiseView(state, plan, counts),
    latency: report?.latency ?? null,
    topFields: report?.topFields ?? [],
    confusions: report === null ? null : { pairs: report.confusions, other: report.otherConfusions },
    examples: state.disagreements(experiment, EXAMPLES).flatMap(record => readExample(record) ?? []),
  }
}
