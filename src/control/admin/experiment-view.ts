import type { ExperimentPlan } from '../../config/snapshot.ts'
import type { ExperimentReport, LatencySummary } from '../../wire/messages.ts'
import type { WindowCounts } from '../../wire/window.ts'
import type { NoiseFigures } from '../../judge/noise.ts'
import { noiseView } from '../noise-view.ts'
import { gateViews, type VerdictView } from './verdict-view.ts'
import type { ControlState } from '../state.ts'

/** An experiment as the API shows it. Counts are those of sealed windows; the newest second or two are still open. */
export interface ExperimentView {
  readonly id: string
  readonly route: string | null
  /** `control`: the primary against itself, which is not judged; null: the configuration no longer has it. */
  readonly role: ExperimentPlan['role'] | null
  readonly primary: ExperimentPlan['primary'] | null
  readonly candidate: ExperimentPlan['candidate'] | null
  /** false: the configuration has moved on, nothing is added any more. */
  readonly current: boolean
  readonly counts: Omit<WindowCounts, 'latency' | 'crossings' | 'slowdown' | 'firstToken' | 'repeated' | 'loopLag'>
  /** As in the verdict: the agreement with its interval, and the others; empty where nobody judges. */
  readonly gates: VerdictView['gates']
  /** null: there is no control, or this is one. */
  readonly noise: NoiseFigures | null
  readonly latency: { readonly primary: LatencySummary; readonly shadow: LatencySummary } | null
  readonly topFields: ExperimentReport['topFields']
  readonly confusions: ExperimentReport['confusions']
  readonly otherConfusions: number
  /** Means of what comparators measured, and over how many pairs. Answers with equal bytes are not measured. */
  readonly metrics: Readonly<Record<string, { readonly count: number; readonly mean: number }>>
}

/** Those of the configuration first, in its order, then those that have ended and are still remembered. */
export function experimentViews(state: ControlState): ExperimentView[] {
  const current = state.snapshot.experiments.map(experiment => experiment.id)
  return [...new Set([...current, ...state.ledger.experiments()])].map(id => experimentView(state, id))
}

/** `id` is a full one; of an experiment that nobody has counted yet, all counts are zero. */
export function experimentView(state: ControlState, id: string): ExperimentView {
  const plan = state.snapshot.experiments.find(experiment => experiment.id === id)
  const all = state.ledger.counts(id)
  const { latency: _l, crossings: _c, slowdown: _s, firstToken: _f, repeated: _r, loopLag: _lag, ...counts } = all
  const report = state.report(id)
  const look = state.judge.look(id)
  return {
    id,
    route: plan?.route ?? null,
    role: plan?.role ?? null,
    primary: plan?.primary ?? null,
    candidate: plan?.candidate ?? null,
    current: plan !== undefined,
    counts,
    gates: look === null ? [] : gateViews(look),
    noise: plan === undefined ? null : noiseView(state, plan, all),
    latency: report?.latency ?? null,
    topFields: report?.topFields ?? [],
    confusions: report?.confusions ?? [],
    otherConfusions: report?.otherConfusions ?? 0,
    metrics: meansOf(report?.metrics ?? {}),
  }
}

function meansOf(metrics: ExperimentReport['metrics']): ExperimentView['metrics'] {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, { count, sum }]) => [name, { count, mean: sum / count }]),
  )
}

/** By full id, or by `{route}.{candidate}` for the current one. */
export function findExperiment(state: ControlState, id: string): string | null {
  const current = state.snapshot.experiments.find(
    experiment => experiment.id === id || `${experiment.route}.${experiment.candidate.upstream}` === id,
  )
  if (current !== undefined) return current.id
  return state.ledger.experiments().includes(id) ? id : null
}
