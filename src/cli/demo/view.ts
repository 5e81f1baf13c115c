import type { ExperimentView } from '../../control/admin/experiment-view.ts'
import type { VerdictView } from '../../control/admin/verdict-view.ts'
import type { Percentiles } from '../../wire/messages.ts'
import type { DifferingImage } from './differences.ts'
import { clock, confusionText, count, milliseconds, percent, table, total } from './format.ts'
import type { ScenarioName } from './scenarios.ts'
import type { Places } from './stage.ts'
import type { TrafficStats } from './traffic.ts'

/** What the live view shows at one moment. */
export interface ViewState {
  readonly scenario: ScenarioName
  readonly primary: string
  readonly candidate: string
  readonly elapsedMs: number
  /** 0: until Ctrl-C. */
  readonly durationMs: number
  readonly traffic: TrafficStats
  /** null: the admin API has not answered yet. */
  readonly experiment: ExperimentView | null
  /** null likewise. */
  readonly verdict: VerdictView | null
  /** Newest first. */
  readonly newest: readonly DifferingImage[]
  /** True labels by image. */
  readonly labels: readonly number[]
}

const BAR_WIDTH = 50
const NEWEST_SHOWN = 4
const CONFUSIONS_SHOWN = 3

/** The whole view, one string a line, without control characters. Always as many lines, so that nothing jumps. */
export function viewLines(state: ViewState): string[] {
  return [
    `understudy demo, scenario "${state.scenario}": ${progress(state)}`,
    `  primary    v1  ${state.primary}`,
    `  candidate  v2  ${state.candidate}`,
    '',
    ...agreement(state.experiment),
    verdictText(state.verdict),
    '',
    ...table(outcomeRows(state.experiment)),
    '',
    ...table(latencyRows(state.experiment)),
    '',
    `Traffic  ${trafficText(state)}`,
    '',
    mistaken(state.experiment),
    'Newest differences',
    ...newest(state),
  ]
}

function progress({ elapsedMs, durationMs }: ViewState): string {
  if (durationMs === 0) return `${clock(elapsedMs)} until Ctrl-C`
  if (elapsedMs < durationMs) return `${clock(elapsedMs)} of ${clock(durationMs)}, Ctrl-C ends it`
  return `${clock(durationMs)} are over, the last pairs settle`
}

function verdictText(verdict: VerdictView | null): string {
  return verdict === null ? 'Verdict' : `Verdict  ${verdict.verdict}: ${verdict.reason}`
}

/** Said once, above the view: these lines are to be copied, and longer than some terminals are wide. */
export function placesLines(places: Places): string[] {
  return [
    '',
    'Look for yourself while it runs',
    `  proxy    ${places.proxyUrl}`,
    `  admin    ${places.adminUrl}/api/v1/experiments`,
    `  metrics  ${places.adminUrl}/metrics`,
    `  records  ${places.recordsFile}`,
    `  try      ${places.sampleCurl}`,
    '',
  ]
}

/** The same in one line, for logs and pipes. */
export function statusLine(state: ViewState): string {
  const outcomes = state.experiment?.counts.outcomes
  const agree = outcomes?.agree ?? 0
  const compared = agree + (outcomes?.disagree ?? 0)
  const p99 = (leg: 'primary' | 'shadow'): string =>
    milliseconds(state.experiment?.latency?.[leg].lastMinute?.p99 ?? null)
  return [
    clock(state.elapsedMs),
    state.verdict?.verdict ?? 'no verdict',
    `agreement ${percent(agree, compared)} of ${count(compared)} pairs`,
    `p99 primary ${p99('primary')} shadow ${p99('shadow')}`,
    trafficText(state),
  ].join(' | ')
}

function agreement(experiment: ExperimentView | null): string[] {
  const { agree = 0, disagree = 0 } = experiment?.counts.outcomes ?? {}
  const compared = agree + disagree
  if (compared === 0) return ['Agreement  waiting for the first pair', '']
  const filled = Math.floor((BAR_WIDTH * agree) / compared)
  return [
    `Agreement  ${percent(agree, compared)} (${count(agree)} of ${count(compared)} compared pairs)`,
    `  [${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]`,
  ]
}

function outcomeRows(experiment: ExperimentView | null): string[][] {
  const outcomes = experiment?.counts.outcomes
  const columns = [
    ['agree', outcomes?.agree],
    ['disagree', outcomes?.disagree],
    ['shadow error', outcomes?.shadow_error],
    ['primary error', outcomes?.primary_error],
    ['both', outcomes?.both_error],
    ['incomparable', outcomes?.incomparable],
  ] as const
  return [
    ['Pairs', ...columns.map(([name]) => name)],
    ['', ...columns.map(([, n]) => count(n ?? 0))],
  ]
}

function latencyRows(experiment: ExperimentView | null): string[][] {
  const latency = experiment?.latency ?? null
  return [
    ['Latency (last minute)', 'p50', 'p99'],
    ['  primary', ...percentiles(latency?.primary.lastMinute ?? null)],
    ['  shadow', ...percentiles(latency?.shadow.lastMinute ?? null)],
  ]
}

function percentiles(leg: Percentiles | null): string[] {
  return [milliseconds(leg?.p50 ?? null), milliseconds(leg?.p99 ?? null)]
}

function trafficText({ traffic, experiment }: ViewState): string {
  const errors = total(traffic.answered) - (traffic.answered['2xx'] ?? 0) + traffic.failed
  const drops = total(experiment?.counts.dropped ?? {})
  return `${traffic.requestsPerSecond.toFixed(1)} requests/s, ${count(traffic.sent)} sent, ${count(errors)} errors, ${count(drops)} copies dropped`
}

/** In one line. Labels are digits here, and short. */
function mistaken(experiment: ExperimentView | null): string {
  const shown = experiment?.confusions.slice(0, CONFUSIONS_SHOWN) ?? []
  return `Most often (v1 → v2)  ${shown.length === 0 ? 'none yet' : shown.map(confusionText).join(', ')}`
}

function newest({ newest, labels }: ViewState): string[] {
  return Array.from({ length: NEWEST_SHOWN }, (_, line) => {
    const difference = newest[line]
    if (difference === undefined) return line === 0 ? '  none yet' : ''
    const { image, primary, candidate } = difference
    return `  image ${image}, true ${labels[image]}: v1 → ${primary.label}, v2 → ${candidate.label}`
  })
}
