import { describe, expect, test } from 'vitest'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

function percentOf(value: string, env: NodeJS.ProcessEnv): number | undefined {
  const text = SMALLEST.replace('percent: 100', `percent: ${value}`)
  return loadText(text, env).routes[0]?.shadows[0]?.percent
}

/** The replacement is a function, because `$$` in a replacement text is a plain `$`. */
function withVersion(value: string): string {
  return SMALLEST.replace('http://127.0.0.1:9001', () => `{ endpoints: "http://a", version: '${value}' }`)
}

describe('variables', () => {
  test('are read from the environment, also where a number is needed', () => {
    expect(percentOf('"${SHARE}"', { SHARE: '2.5' })).toBe(2.5)
  })

  test('fall back to their default when unset or empty', () => {
    expect(percentOf('"${SHARE:-7}"', {})).toBe(7)
    expect(percentOf('"${SHARE:-7}"', { SHARE: '' })).toBe(7)
    expect(percentOf('"${SHARE:-7}"', { SHARE: '8' })).toBe(8)
  })

  test('cannot add structure to the file', () => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', '{ endpoints: "http://a", version: "${V}" }')
    expect(loadText(text, { V: '1"\n, balance: round-robin' }).upstreams[0]?.version).toBe('1"\n, balance: round-robin')
  })

  test('keep the place of what follows them', () => {
    const text = SMALLEST.replace('churn-v2, percent: 100', '"${UPSTREAM_WITH_A_LONG_NAME}", percent: 101')
    expect(problemsOf(text, { UPSTREAM_WITH_A_LONG_NAME: 'churn-v2' })).toMatch(/^routing\.yaml:9:68 /)
  })

  test('are escaped by a second $, and nothing else may follow ${', () => {
    expect(loadText(withVersion('$${A} $5')).upstreams[0]?.version).toBe('${A} $5')
    expect(problemsOf(withVersion('${A-B}'))).toContain('upstreams.churn-v1.version: has a ${ that is not a variable')
  })
})
