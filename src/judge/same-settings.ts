import { isDeepStrictEqual } from 'node:util'
import type { ExperimentPlan } from '../config/snapshot.ts'

/** Would the two plans make the same evidence of the same traffic? How much of it is sampled may change. */
export function sameSettings(a: ExperimentPlan, b: ExperimentPlan): boolean {
  return isDeepStrictEqual(settingsOf(a), settingsOf(b))
}

/** What the id of an experiment stands for. By way of JSON, because one of the two may come from a file. */
function settingsOf({ primary, candidate, unit, compare, gates, verdict }: ExperimentPlan): unknown {
  return JSON.parse(JSON.stringify({ primary, candidate, unit: unit?.source ?? null, compare, gates, verdict }))
}
