import { join } from 'node:path'
import { INFER_PATH } from '../../src/cli/demo/routing-file.ts'

/** Two candidates that can be judged, and one that gets too few copies for that. What each of them must come to: */
export const CASES = [
  { team: 'honest', candidate: 'same', verdict: 'PROMOTE', exit: 0, metric: 1, gate: ['safe', 1] },
  { team: 'harmed', candidate: 'broken', verdict: 'ROLLBACK', exit: 10, metric: -1, gate: ['harm', -1] },
  { team: 'crowded', candidate: 'better', verdict: 'INVALID', exit: 30, metric: -2, gate: null },
] as const
export type Team = (typeof CASES)[number]['team']

/** The admin API's short name of the experiment on the route. */
export const experimentOf = (team: Team): string => `${team}.${CASES.find(each => each.team === team)?.candidate}`

/** A route for each of them; state and records go to `directory`. `urls`: where the models are, by kind. */
export function promotionConfig(directory: string, urls: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    listen: { address: '127.0.0.1:0', threads: 2 },
    state: { dir: join(directory, 'state') },
    upstreams: {
      primary: { endpoints: urls['primary'], version: '1' },
      ...Object.fromEntries(CASES.map(({ candidate }) => [candidate, { endpoints: urls[candidate], version: '2' }])),
    },
    routes: CASES.map(({ team, candidate }) => ({
      name: team,
      match: { path: INFER_PATH, headers: { 'x-team': team } },
      primary: 'primary',
      canary: {
        upstream: candidate,
        percent: 10,
        sticky: 'header:x-user-id',
        // No step before there are enough exchanges to say that too many were lost.
        ramp: { steps: [10, 30, 50], every: team === 'crowded' ? '1h' : '2s' },
        on_rollback: 'stop',
      },
      // One copy at a time: of a crowd most are lost.
      shadows: [{ upstream: candidate, percent: 100, ...(team === 'crowded' ? { max_in_flight: 1 } : {}) }],
      unit: 'header:x-user-id',
      gates: {
        agreement: { min: 0.9 },
        errors: { max_increase: 0.1 },
        canary_errors: { max_ratio: 3, max_increase: 0.1 },
      },
      verdict: {
        warm_up: '1s',
        min_pairs: team === 'crowded' ? 30 : 150,
        min_duration: '3s',
        max_duration: '1h',
      },
    })),
    sinks: { file: { path: join(directory, 'records.ndjson') } },
  }
}
