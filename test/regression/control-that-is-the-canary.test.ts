/**
 * An upstream that was both the canary and the control of a route had two experiments, and with gates of its own the route
 * gave both the same id: pairs of the control were counted as evidence for the canary, and one judge was asked by two plans.
 */
import { expect, test } from 'vitest'
import { problemsOf, SMALLEST } from '../unit/config/routing-files.ts'

const OTHERS = SMALLEST.replace('routes:', '  churn-v3: http://127.0.0.1:9003\nroutes:')
const ROUTE =
  'gates: { slowdown: { median_ratio: 1.1 } }\n    canary: { upstream: churn-v3, percent: 5 }\n    control: '

test('an upstream cannot be the canary and the control of one route', () => {
  const text = OTHERS.replace('    shadows:', `    ${ROUTE}{ upstream: churn-v3, percent: 10 }\n    shadows:`)
  expect(problemsOf(text)).toContain('routes[0].control.upstream: `churn-v3` is the canary of this route')
})
