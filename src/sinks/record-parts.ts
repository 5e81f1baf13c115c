import { createHash } from 'node:crypto'
import type { ExperimentPlan, Snapshot } from '../config/snapshot.ts'

/** What all pair records of one experiment share, rendered once: each is a piece of JSON text. */
export interface RecordParts {
  /** `"route":...,"experiment":...` */
  readonly identity: string
  /** By endpoint, `{"upstream":...,"version":...,"endpoint":...`: the leg without its end. */
  readonly primary: readonly string[]
  readonly shadow: readonly string[]
  readonly inclusion: string
  /** The JSON of a unit that is not empty, hidden where what it comes from is redacted. */
  readonly unitJson: (unit: string) => string
  /** Of the event: one exchange makes a pair for each shadow, all with its id; the experiment makes the event unique. */
  readonly source: string
}

const known = new WeakMap<ExperimentPlan, { readonly snapshot: Snapshot; readonly parts: RecordParts }>()

/** `experiment` is one of `snapshot`. */
export function recordParts(snapshot: Snapshot, experiment: ExperimentPlan): RecordParts {
  const before = known.get(experiment)
  if (before?.snapshot === snapshot) return before.parts
  const parts: RecordParts = {
    identity: `"route":${JSON.stringify(experiment.route)},"experiment":${JSON.stringify(experiment.id)}`,
    primary: legs('{', experiment.primary, snapshot),
    shadow: legs(`{"role":"${experiment.role === 'control' ? 'control' : 'shadow'}",`, experiment.candidate, snapshot),
    inclusion: JSON.stringify(experiment.inclusion),
    source: eventSource(experiment.id),
    unitJson: experiment.unit?.isRedacted === true ? hashedJson : JSON.stringify,
  }
  known.set(experiment, { snapshot, parts })
  return parts
}

/** Records of one unit still belong together, but do not say whose they are. */
function hashedJson(unit: string): string {
  return `"sha256:${createHash('sha256').update(unit).digest('hex').slice(0, 16)}"`
}

export function eventSource(experiment: string): string {
  return `/experiments/${encodeURIComponent(experiment)}`
}

/** The last one is for an endpoint that the snapshot does not know. */
function legs(open: string, { upstream, version }: ExperimentPlan['primary'], snapshot: Snapshot): string[] {
  const endpoints = snapshot.upstreams.find(plan => plan.name === upstream)?.endpoints ?? []
  const authorities = [...endpoints.map(({ authority }) => authority), null]
  return authorities.map(authority => open + JSON.stringify({ upstream, version, endpoint: authority }).slice(1, -1))
}
