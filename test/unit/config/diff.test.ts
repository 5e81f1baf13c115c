import { describe, expect, test } from 'vitest'
import { describeChanges, restartNeeded } from '../../../src/config/diff.ts'
import { loadText, SMALLEST } from './routing-files.ts'

const WITH_CANARY = SMALLEST.replace('    shadows', '    canary: { upstream: churn-v2, percent: 5 }\n    shadows')

const changes = (before: string, after: string): string[] => describeChanges(loadText(before), loadText(after))

describe('what a reload changed', () => {
  test('is nothing for the same file', () => {
    expect(changes(SMALLEST, `${SMALLEST}# a comment\n`)).toEqual([])
  })

  test('is one plain line per change', () => {
    expect(changes(WITH_CANARY, WITH_CANARY.replace('percent: 5 }', 'percent: 10 }'))).toEqual([
      'route churn: canary percent 5 -> 10',
    ])
    expect(changes(SMALLEST, SMALLEST.replace(':9001', ':9003'))).toEqual([
      'upstream churn-v1: endpoints http://127.0.0.1:9001 -> http://127.0.0.1:9003',
    ])
    expect(changes(SMALLEST, `${SMALLEST}limits: { body: 1MiB, idle: 2m }\n`)).toEqual([
      'limits: body 64MiB -> 1MiB',
      'limits: idle 75s -> 2m',
    ])
    expect(changes(SMALLEST, `${SMALLEST}record: off\nlog: { level: debug }\n`)).toEqual([
      'record removed',
      'log: level info -> debug',
    ])
  })

  test('covers shadows, and upstreams that moved in the file', () => {
    const after = SMALLEST.replace('  churn-v1:', '  churn-v0: http://127.0.0.1:9000\n  churn-v1:').replace(
      'percent: 100',
      'percent: 7',
    )
    expect(changes(SMALLEST, after)).toEqual([
      'upstream churn-v0: added',
      'route churn: shadow churn-v2: percent 100 -> 7',
    ])
  })

  test('covers what copies ask; a body may hold a secret, so it is not shown', () => {
    const lines = changes(
      SMALLEST,
      SMALLEST.replace('percent: 100', 'percent: 100, path: /v3, set_body: { key: s3cret }, websockets: true'),
    )
    expect(lines.slice(0, 3)).toEqual([
      'route churn: shadow churn-v2: path of the request -> /v3',
      'route churn: shadow churn-v2: set_body added',
      'route churn: shadow churn-v2: websockets false -> true',
    ])
    expect(lines.join()).not.toContain('s3cret')
  })

  test('covers the ceilings of a shadow', () => {
    const limited = SMALLEST.replace('percent: 100', 'percent: 100, ceilings: { per_day: 5 }')
    expect(changes(SMALLEST, limited)).toEqual(['route churn: shadow churn-v2: ceilings added'])
    expect(changes(limited, limited.replace('per_day: 5', 'per_day: 6'))).toEqual([
      'route churn: shadow churn-v2: ceilings changed',
    ])
  })

  test('covers added, removed and reordered routes', () => {
    const b = '  - { name: b, match: { prefix: /b }, primary: churn-v1 }\n'
    const c = '  - { name: c, match: { prefix: /c }, primary: churn-v1 }\n'
    expect(changes(SMALLEST + b, SMALLEST + c)).toEqual(['route c: added', 'route b: removed'])
    expect(changes(SMALLEST + b + c, SMALLEST + c + b)).toEqual(['routes: order churn, b, c -> churn, c, b'])
  })

  test('covers a canary that comes and goes, and a comparison that makes a new experiment', () => {
    // Its clients are asked as well from now on, so it is another experiment.
    const experiment = expect.stringMatching(/^route churn: shadow churn-v2: experiment /) as string
    const others = [experiment, 'route churn: gates changed']
    expect(changes(SMALLEST, WITH_CANARY)).toEqual(['route churn: canary churn-v2 added at 5 percent', ...others])
    expect(changes(WITH_CANARY, SMALLEST)).toEqual(['route churn: canary churn-v2 removed', ...others])
    const ramped = WITH_CANARY.replace('5 }', '5, ramp: { steps: [5, 50], every: 10m }, on_rollback: none }')
    expect(changes(WITH_CANARY, ramped)).toEqual([
      'route churn: canary ramp none -> 5, 50 every 10m when CONTINUE',
      'route churn: canary on_rollback stop -> none',
    ])
    const lines = changes(SMALLEST, SMALLEST.replace('    shadows', '    compare: { task: regression }\n    shadows'))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^route churn: shadow churn-v2: experiment churn\.churn-v2\.\w+ -> churn\.churn-v2\.\w+$/)
    expect(lines[1]).toBe('route churn: compare changed')
  })
})

describe('a restart is needed', () => {
  test('for listen, admin and state only, and without showing tokens', () => {
    const before = loadText(`${SMALLEST}admin: { token: old-token }\n`)
    const moved = SMALLEST.replace('listen: 127.0.0.1:8080', 'listen: { address: 0.0.0.0:8081, threads: 2 }')
    const after = loadText(
      `${moved}admin: { address: 127.0.0.1:9191, token: new-token }\nstate: { dir: state }\nlog: { level: warn }\n`,
    )
    expect(restartNeeded(before, after)).toEqual([
      'listen: address 127.0.0.1:8080 -> 0.0.0.0:8081 (needs a restart)',
      'listen: threads 3 -> 2 (needs a restart)',
      'admin: address 127.0.0.1:9090 -> 127.0.0.1:9191 (needs a restart)',
      'admin: token changed (needs a restart)',
      'state: dir none -> state (needs a restart)',
    ])
    expect(restartNeeded(before, before)).toEqual([])
  })
})
