import { describe, expect, test } from 'vitest'
import { loadText, SMALLEST } from './routing-files.ts'

const idOf = (text: string): string | undefined => loadText(text).experiments[0]?.id
const withRoute = (line: string): string => SMALLEST.replace('    primary:', `    ${line}\n    primary:`)
const withShadow = (keys: string): string => SMALLEST.replace('percent: 100', `percent: 100, ${keys}`)
const withVersion = (upstream: string, port: number, version: string): string =>
  SMALLEST.replace(
    `${upstream}: http://127.0.0.1:${port}`,
    `${upstream}: { endpoints: "http://127.0.0.1:${port}", version: "${version}" }`,
  )

describe('an experiment id', () => {
  test('stays when only the route around it changes', () => {
    const moved = SMALLEST.replace('/v2/models/churn/infer', '/other')
      .replace('percent: 100', 'percent: 5')
      .replace(':9001', ':9009')
    expect(idOf(moved)).toBe(idOf(SMALLEST))
  })

  test('stays when a default is written out', () => {
    expect(idOf(withRoute('compare: { ignore: [$.id, $.created], payload: auto }'))).toBe(idOf(SMALLEST))
  })

  test('changes with either version and with the comparison', () => {
    const ids = [
      idOf(SMALLEST),
      idOf(withVersion('churn-v1', 9001, '2')),
      idOf(withVersion('churn-v2', 9002, '2')),
      idOf(withRoute('compare: { tolerance: { relative: 0.01 } }')),
      idOf(withRoute('compare: off')),
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('changes with what copies ask, and only where they ask something else', () => {
    const ids = [
      idOf(SMALLEST),
      idOf(withShadow('path: /v3')),
      idOf(withShadow('set_body: { model: b }')),
      idOf(withShadow('set_body: { model: c }')),
      idOf(withShadow('websockets: true')),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    expect(idOf(withShadow('path: null, set_body: {}, websockets: false'))).toBe(idOf(SMALLEST))
  })

  test('is never shared by two routes', () => {
    const { experiments } = loadText(
      `${SMALLEST}  - { name: b, match: { prefix: /b }, primary: churn-v1, shadows: [{ upstream: churn-v2, percent: 1 }] }\n`,
    )
    expect(new Set(experiments.map(({ id }) => id)).size).toBe(2)
    expect(experiments.map(({ inclusion }) => inclusion)).toEqual([1, 0.01])
  })
})
